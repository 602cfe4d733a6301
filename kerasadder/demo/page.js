// The drawing area, which the code calls the paper: a Vue component of page.py.
//
// The component emits two events:
// - `picture` when the drawing has changed, at most once every PAUSE. Its value
//   is the data URL of the drawing, or null if the paper is blank.
// - `unreadable` when a file cannot be shown. Its value names the file and the
//   reason, for example "notes.txt is not a picture".

const SIDE = 336; // side of the paper in pixels
const PENS = { Thin: 10, Medium: 26, Thick: 44 }; // stroke widths in pixels
const STEP = SIDE / 16; // an arrow key moves the pen by so many pixels
const MAX_SIDE = 1024; // longest side of a picture that is sent, in pixels
const MAX_LENGTH = 900000; // characters; NiceGUI loses messages of over 1 MB
const PAUSE = 100; // milliseconds

const ARROWS = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

export default {
  template: `
    <div class="drawing" :class="{ over }">
      <div class="paper">
        <canvas ref="paper" width="${SIDE}" height="${SIDE}" tabindex="0"
          role="application"
          aria-label="Drawing area. Draw with the mouse or a finger. The arrow
            keys move the pen. The space bar puts it down and lifts it."
          @pointerdown="start" @pointermove="move" @pointerup="at = null"
          @pointercancel="at = null" @keydown="key" @blur="pen = null"></canvas>
        <div v-if="blank && !pen" class="hint" aria-hidden="true">
          Draw a digit here,<br>or drop a picture
        </div>
        <div v-if="pen" class="pen" :class="{ down: pen.down }" :style="{
          left: percent(pen.x), top: percent(pen.y), width: percent(width),
        }"></div>
      </div>
      <div class="tools">
        <div class="pens" role="radiogroup" aria-label="Pen">
          <label v-for="(pixels, name) in pens" :title="name + ' pen'">
            <input type="radio" name="pen" :value="pixels" v-model="width"
              :aria-label="name">
            <span :style="{ '--width': pixels }"></span>
          </label>
        </div>
        <button @click="clear" :disabled="blank">Clear</button>
        <button @click="$refs.file.click()">Open picture</button>
        <input ref="file" type="file" accept="image/*" hidden @change="pick">
      </div>
    </div>`,

  data() {
    return {
      blank: true,
      over: false,
      pen: null,
      pens: PENS,
      width: PENS.Medium,
    };
  },

  mounted() {
    this.context = this.$refs.paper.getContext("2d");
    this.at = this.shown = this.timer = null;
    this.whiten();
    // The window takes drops, because a browser opens a file that the user
    // drops beside the paper, and so leaves the page.
    window.addEventListener("dragover", this.drag);
    window.addEventListener("dragleave", this.leave);
    window.addEventListener("drop", this.drop);
  },

  unmounted() {
    window.removeEventListener("dragover", this.drag);
    window.removeEventListener("dragleave", this.leave);
    window.removeEventListener("drop", this.drop);
  },

  methods: {
    percent: (pixels) => `${(100 * pixels) / SIDE}%`,

    start(event) {
      if (!event.isPrimary || event.button) return;
      event.target.setPointerCapture(event.pointerId);
      this.pen = null;
      this.at = this.position(event);
      this.line(this.at, this.at);
    },

    move(event) {
      if (!this.at) return;
      // Over plain HTTP, browsers have getCoalescedEvents on loopback only.
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) {
        const to = this.position(each);
        this.line(this.at, to);
        this.at = to;
      }
    },

    position(event) {
      const box = this.$refs.paper.getBoundingClientRect();
      return {
        x: ((event.clientX - box.left) * SIDE) / box.width,
        y: ((event.clientY - box.top) * SIDE) / box.height,
      };
    },

    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const pen = this.pen ?? { x: SIDE / 2, y: SIDE / 2, down: false };
      const arrow = ARROWS[event.key];
      let to = pen;
      if (arrow) {
        const inside = (v) =>
          Math.min(Math.max(v, this.width), SIDE - this.width);
        to = { ...pen, x: inside(pen.x + arrow[0]), y: inside(pen.y + arrow[1]) };
      } else if (event.key === " ") {
        to = { ...pen, down: !pen.down };
      } else {
        return;
      }
      event.preventDefault();
      if (to.down) this.line(pen, to);
      this.pen = to;
    },

    line(from, to) {
      if (this.shown) this.whiten(); // a stroke replaces a picture
      const context = this.context;
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.lineWidth = this.width;
      context.lineCap = context.lineJoin = "round";
      context.strokeStyle = "#1f2328";
      context.stroke();
      this.blank = false;
      this.changed();
    },

    whiten() {
      this.context.fillStyle = "white";
      this.context.fillRect(0, 0, SIDE, SIDE);
      this.shown = null;
      this.blank = true;
    },

    clear() {
      this.whiten();
      this.pen = null;
      this.changed();
    },

    drag(event) {
      event.preventDefault();
      this.over = true;
    },

    leave(event) {
      if (!event.relatedTarget) this.over = false;
    },

    drop(event) {
      event.preventDefault();
      this.over = false;
      const [file] = event.dataTransfer.files;
      if (file) this.show(file);
    },

    pick(event) {
      const [file] = event.target.files;
      if (file) this.show(file);
      event.target.value = ""; // lets the user pick the same file again
    },

    async show_url(url) {
      this.show(await (await fetch(url)).blob());
    },

    // The server converts formats that the browser does not read, such as TIFF.
    async bitmap(file) {
      const unreadable = () => Promise.reject("is not a picture");
      const image = await createImageBitmap(file).catch(() => null);
      if (image) return image;
      const response = await fetch("convert", {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: file,
      }).catch(unreadable);
      if (!response.ok) throw await response.text();
      return createImageBitmap(await response.blob()).catch(unreadable);
    },

    async show(file) {
      let bitmap;
      try {
        bitmap = await this.bitmap(file);
      } catch (reason) {
        this.whiten();
        clearTimeout(this.timer);
        this.timer = null;
        this.$emit("unreadable", `${file.name} ${reason}`);
        return;
      }
      // The page sends the picture as the browser decoded it. The browser turns
      // a photograph upright, and reads formats that TensorFlow does not.
      const { width, height } = bitmap;
      const shrink = Math.min(1, MAX_SIDE / Math.max(width, height));
      const shown = document.createElement("canvas");
      shown.width = Math.max(1, Math.round(shrink * width));
      shown.height = Math.max(1, Math.round(shrink * height));
      shown
        .getContext("2d")
        .drawImage(bitmap, 0, 0, shown.width, shown.height);

      this.whiten();
      const scale = SIDE / Math.max(width, height);
      const [w, h] = [scale * width, scale * height];
      this.context.imageSmoothingEnabled = scale < 1;
      this.context.drawImage(bitmap, (SIDE - w) / 2, (SIDE - h) / 2, w, h);
      this.shown = shown;
      this.blank = false;
      this.changed();
    },

    changed() {
      this.timer ??= setTimeout(() => {
        this.timer = null;
        this.$emit("picture", this.blank ? null : this.encoded());
      }, PAUSE);
    },

    encoded() {
      const canvas = this.shown ?? this.$refs.paper;
      const png = canvas.toDataURL("image/png");
      if (png.length <= MAX_LENGTH) return png;
      return canvas.toDataURL("image/jpeg", 0.9);
    },
  },
};
