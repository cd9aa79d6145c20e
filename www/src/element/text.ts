/** What the element says, in English and Chinese. */

import type { ErrorCode } from "../engine/errors.js";
import type { LoadStage } from "../engine/protocol.js";

/** Languages of the element. */
export type ElementLanguage = "en" | "zh";

/** Everything the element says in one language. */
export interface ElementText {
  readonly surface: string;
  readonly labelMap: string;
  readonly keys: string;
  readonly photo: string;
  readonly picture: string;
  readonly choosePhoto: string;
  readonly nothingToPaint: string;
  readonly anotherPicture: string;
  readonly seed: string;
  readonly save: string;
  readonly palette: string;
  readonly find: string;
  readonly clearSearch: string;
  readonly tools: string;
  readonly brush: string;
  readonly eraser: string;
  readonly fill: string;
  readonly undo: string;
  readonly redo: string;
  readonly clear: string;
  readonly brushSize: string;
  readonly newObject: string;
  readonly noObject: string;
  readonly layout: string;
  readonly sideBySide: string;
  readonly overlay: string;
  readonly pictureOnly: string;
  readonly load: string;
  readonly retry: string;
  readonly ready: string;
  readonly stages: Readonly<Record<LoadStage, string>>;
  readonly failed: string;
  readonly failures: Readonly<Partial<Record<ErrorCode, string>>>;
  readonly noLabel: (query: string) => string;
  readonly labelsFound: (count: number) => string;
  readonly megabytes: (loaded: number, total: number) => string;
  readonly milliseconds: (milliseconds: number) => string;
}

const inMegabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const english: ElementText = {
  surface: "Painting surface",
  labelMap: "Label map to paint on",
  keys: "Arrow keys move the brush, Space paints. B brush, E eraser, G fill, digits choose labels, [ and ] change the size, Ctrl Z undoes.",
  photo: "Photo",
  picture: "Generated picture",
  choosePhoto: "Choose a photo",
  nothingToPaint: "Nothing to paint: this model makes its pictures from chance.",
  anotherPicture: "Another picture",
  seed: "Seed",
  save: "Save the picture",
  palette: "Labels",
  find: "Find a label",
  clearSearch: "Clear the search",
  tools: "Tools",
  brush: "Brush",
  eraser: "Eraser",
  fill: "Fill",
  undo: "Undo",
  redo: "Redo",
  clear: "Clear",
  brushSize: "Brush size",
  newObject: "New object",
  noObject: "Paint no object",
  layout: "View",
  sideBySide: "Side by side",
  overlay: "Picture over labels",
  pictureOnly: "Picture only",
  load: "Load the model",
  retry: "Try again",
  ready: "Ready",
  stages: {
    download: "Downloading the model",
    verify: "Checking the model",
    upload: "Unpacking the model",
    compile: "Preparing",
    "first-picture": "Painting the first picture",
  },
  failed: "Something went wrong",
  failures: {
    "webgpu-unavailable": "WebGPU is not available here",
    "device-lost": "The graphics device was lost",
    "out-of-memory": "There is not enough memory",
    "bad-bundle": "This is no model that can be used",
    integrity: "The model is damaged",
    unsupported: "This browser cannot run the model",
    network: "The model could not be downloaded",
    "bad-input": "That does not fit the model",
  },
  noLabel: (query) => `No label is called “${query}”.`,
  labelsFound: (count) => `Labels found: ${count}`,
  megabytes: (loaded, total) => `${inMegabytes(loaded)} of ${inMegabytes(total)} MB`,
  milliseconds: (milliseconds) =>
    milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`,
};

const chinese: ElementText = {
  surface: "绘画区",
  labelMap: "要涂绘的标签图",
  keys: "方向键移动画笔，空格键落笔。B 画笔，E 橡皮，G 填充，数字键选择标签，[ 和 ] 调整大小，Ctrl Z 撤销。",
  photo: "照片",
  picture: "生成的图片",
  choosePhoto: "选择照片",
  nothingToPaint: "没有可涂绘的内容：这个模型只凭随机数作画。",
  anotherPicture: "换一幅画面",
  seed: "种子",
  save: "保存图片",
  palette: "标签",
  find: "查找标签",
  clearSearch: "清除查找",
  tools: "工具",
  brush: "画笔",
  eraser: "橡皮",
  fill: "填充",
  undo: "撤销",
  redo: "重做",
  clear: "清空",
  brushSize: "画笔大小",
  newObject: "新物体",
  noObject: "不画物体",
  layout: "视图",
  sideBySide: "并排",
  overlay: "图片叠加在标签上",
  pictureOnly: "仅图片",
  load: "加载模型",
  retry: "重试",
  ready: "就绪",
  stages: {
    download: "正在下载模型",
    verify: "正在校验模型",
    upload: "正在解包模型",
    compile: "正在准备",
    "first-picture": "正在画第一张图片",
  },
  failed: "出错了",
  failures: {
    "webgpu-unavailable": "此处无法使用 WebGPU",
    "device-lost": "图形设备已丢失",
    "out-of-memory": "内存不足",
    "bad-bundle": "这不是可用的模型",
    integrity: "模型已损坏",
    unsupported: "此浏览器无法运行该模型",
    network: "模型下载失败",
    "bad-input": "与模型不符",
  },
  noLabel: (query) => `没有名为“${query}”的标签。`,
  labelsFound: (count) => `找到 ${count} 个标签`,
  megabytes: (loaded, total) => `${inMegabytes(loaded)} / ${inMegabytes(total)} MB`,
  milliseconds: (milliseconds) =>
    milliseconds < 1000 ? `${Math.round(milliseconds)} 毫秒` : `${(milliseconds / 1000).toFixed(1)} 秒`,
};

/** The element's language for a language tag: Chinese for `zh` and what is below it, else English. */
export function languageOfTag(tag: string): ElementLanguage {
  return /^zh\b/i.test(tag) ? "zh" : "en";
}

/** What the element says. */
export function textIn(language: ElementLanguage): ElementText {
  return language === "zh" ? chinese : english;
}
