/** Registers every component that the shell is made of. */
import "./coach.js";
import "./dialog.js";
import "./loading-card.js";
import "./menu.js";
import "./model-picker.js";
import "./notice-card.js";
import "./palette.js";
import "./scene-gallery.js";
import "./segmented.js";
import "./shortcut-sheet.js";
import "./size-slider.js";
import "./stage.js";
import "./status-line.js";
import "./toasts.js";
import "./tool-bar.js";
