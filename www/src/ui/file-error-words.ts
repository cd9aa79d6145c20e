/** What went wrong with a file, in the page's language. */
import { FileError, type FileErrorCode } from "../files/file-error.js";
import { filled, language, t } from "../i18n/language.js";

/** English messages come with the error; these are their Chinese counterparts, shorter where values vary. */
const chinese: Readonly<Record<FileErrorCode, string>> = {
  "not-an-image": "{name} 不是可以读取的图片。",
  "not-png": "{name} 不是 PNG。标签图必须是 PNG，其他格式会改变像素。",
  "png-damaged": "{name} 已损坏，请重新保存或下载。",
  "png-16-bit": "{name} 是 16 位 PNG，请另存为 8 位。",
  "png-interlaced": "{name} 是低于 8 位的隔行 PNG，请另存为不隔行的 PNG。",
  "too-large-image": "{name} 太大，请缩小后再打开。",
  "unknown-class": "{name} 中有模型不认识的标签编号 {id}。",
  "unknown-color": "{name} 中有不属于任何标签的颜色 {color}。",
  "instances-not-grey": "{name} 是彩色图片。物体图每个像素是一个编号：请另存为 16 位灰度图。",
  "instances-no-rule": "这些物体不符合 Cityscapes 规则，请改为保存成普通编号。",
  "instances-other-shape": "{name} 为 {width} × {height} 像素，形状与画布不同，请先打开对应的标签图。",
  "photo-damaged": "无法解码 {name}，它可能已损坏。",
  "bundle-no-manifest": "没有找到 manifest.json，这不是模型包。",
  "bundle-bad-manifest": "manifest.json 无法读取。",
  "bundle-no-weights": "没有找到清单中指定的权重文件。",
  "bundle-wrong-size": "权重文件的大小与清单不符，请重新复制。",
  "share-damaged": "分享链接不完整，请重新复制整个链接。",
  "share-too-large": "这幅画太大，放不进链接。",
  "share-local-model": "模型来自本机，链接无法附带它。请保存标签图。",
};

/** Words for whatever was thrown while a file was handled. */
export function fileErrorWords(thrown: unknown): string {
  if (thrown instanceof FileError) {
    return language() === "zh" ? filled(chinese[thrown.code], thrown.values) : thrown.message;
  }
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return `${t("error.file.title")}: ${detail}`;
}
