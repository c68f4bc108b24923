// A line chart over time in SVG: gaps where nothing is known, a legend with the present values, and the same as a table.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = { top: 8, right: 10, bottom: 24, left: 40 };
const SHORTEST_WINDOW = 120; // seconds
const LONGEST_WINDOW = 600;
const TIME_STEPS = [15, 30, 60, 120, 300]; // seconds between two marks

function make(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.textContent = text;
  return made;
}

function html(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** The smallest of 1, 2, 5, 10, 20, … that is not below a value. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}

const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

export class LineChart {
  /**
   * @param {HTMLElement} place Filled with the chart, its legend and its table.
   * @param {{title: string, unit: string, digits: number, least: number}} options
   *   least: the axis ends here, or where the largest value does.
   */
  constructor(place, options) {
    this.options = options;
    this.times = [];
    this.series = []; // {name, className, values}
    this.frame = html("div", "chart");
    this.svg = make("svg", { role: "img" });
    this.empty = html("p", "empty", "No samples yet: the first ones come within seconds.");
    this.tip = html("div", "tip");
    this.tip.hidden = true;
    this.frame.append(this.svg, this.empty, this.tip);
    this.legend = html("ul", "legend");
    const details = html("details");
    this.table = html("table");
    details.append(html("summary", "", "As a table"), this.table);
    place.replaceChildren(this.frame, this.legend, details);
    new ResizeObserver(() => this.draw()).observe(this.frame);
    this.frame.addEventListener("pointermove", (event) => this.point(event.clientX));
    this.frame.addEventListener("pointerleave", () => this.point(null));
  }

  /** Show other values: times in seconds, ascending; a value for each time, null where it is not known. */
  update(times, series) {
    this.times = times;
    this.series = series;
    this.draw();
  }

  say(value) {
    return value === null || value === undefined ? "–" : `${value.toFixed(this.options.digits)}${this.options.unit}`;
  }

  draw() {
    const { width, height } = this.frame.getBoundingClientRect();
    const known = this.series.flatMap((entry) => entry.values.filter((value) => value !== null));
    this.empty.hidden = known.length > 0;
    this.svg.replaceChildren();
    this.describe();
    if (!known.length || width < 60) {
      return;
    }
    const end = this.times.at(-1);
    const span = Math.min(LONGEST_WINDOW, Math.max(SHORTEST_WINDOW, end - this.times[0]));
    const top = roundUp(Math.max(this.options.least, ...known));
    this.x = (time) => EDGE.left + ((time - end + span) / span) * (width - EDGE.left - EDGE.right);
    this.y = (value) => height - EDGE.bottom - (value / top) * (height - EDGE.top - EDGE.bottom);
    this.grid(width, top, end, span);
    for (const entry of this.series) {
      this.line(entry, end - span);
    }
    this.cross = make("line", { class: "cross", y1: EDGE.top, y2: height - EDGE.bottom, visibility: "hidden" });
    this.svg.append(this.cross);
    if (this.pointed !== undefined && this.pointed !== null) {
      this.point(this.pointed);
    }
  }

  grid(width, top, end, span) {
    const parts = String(top).replace(/[0.]/g, "") === "2" ? 4 : 5;
    for (let part = 0; part <= parts; part += 1) {
      const value = (top * part) / parts;
      const at = this.y(value);
      this.svg.append(make("line", { class: "grid-line", x1: EDGE.left, x2: width - EDGE.right, y1: at, y2: at }));
      const text = Number.isInteger(value) ? String(value) : value.toFixed(value < 1 ? 2 : 1);
      this.svg.append(make("text", { x: EDGE.left - 8, y: at + 4, "text-anchor": "end" }, text));
    }
    const most = Math.max(2, Math.floor((width - EDGE.left) / 90));
    const step = TIME_STEPS.find((seconds) => span / seconds <= most) ?? 300;
    for (let time = Math.ceil((end - span) / step) * step; time <= end; time += step) {
      const at = this.x(time);
      if (at > EDGE.left + 20 && at < width - 24) {
        const label = new Date(1000 * time).toLocaleTimeString("en-GB", step < 60 ? {} : { hour: "2-digit", minute: "2-digit" });
        this.svg.append(make("text", { x: at, y: this.y(0) + 18, "text-anchor": "middle" }, label));
      }
    }
  }

  line(entry, start) {
    let path = "";
    let isDown = false;
    let last = null;
    entry.values.forEach((value, number) => {
      const time = this.times[number];
      const isGap = value === null || time < start;
      // Samples come every second; where they are far apart nobody has looked, and nobody knows.
      const isFar = number > 0 && time - this.times[number - 1] > 15;
      if (!isGap) {
        path += `${isDown && !isFar ? "L" : "M"}${this.x(time).toFixed(1)} ${this.y(value).toFixed(1)}`;
        last = [time, value];
      }
      isDown = !isGap;
    });
    if (last) {
      this.svg.append(make("path", { class: `line ${entry.className}`, d: path }));
      this.svg.append(make("circle", { class: `dot ${entry.className}`, r: 4, cx: this.x(last[0]), cy: this.y(last[1]) }));
    }
  }

  /** Show the values at a place on the screen. */
  point(clientX) {
    this.pointed = clientX;
    if (!this.x || !this.cross || clientX === null) {
      this.tip.hidden = true;
      this.cross?.setAttribute("visibility", "hidden");
      return;
    }
    const box = this.frame.getBoundingClientRect();
    const distance = (number) => Math.abs(this.x(this.times[number]) - (clientX - box.left));
    let nearest = 0;
    for (let number = 1; number < this.times.length; number += 1) {
      if (distance(number) <= distance(nearest)) {
        nearest = number;
      }
    }
    const at = this.x(this.times[nearest]);
    this.cross.setAttribute("x1", at);
    this.cross.setAttribute("x2", at);
    this.cross.setAttribute("visibility", "visible");
    const lines = this.series.map((entry) => `${entry.name}  ${this.say(entry.values[nearest])}`);
    this.tip.textContent = [new Date(1000 * this.times[nearest]).toLocaleTimeString("en-GB"), ...lines].join("\n");
    this.tip.hidden = false;
    const left = at + 12 + this.tip.offsetWidth > box.width ? at - 12 - this.tip.offsetWidth : at + 12;
    this.tip.style.setProperty("transform", `translate(${left.toFixed(0)}px, ${EDGE.top}px)`);
  }

  /** Say the same in words: legend, table, and the name that a screen reader reads. */
  describe() {
    const rows = this.series.map((entry) => {
      const known = (seconds) =>
        entry.values.filter((value, number) => value !== null && this.times[number] > this.times.at(-1) - seconds);
      return [entry, entry.values.at(-1) ?? null, mean(known(60)), mean(known(LONGEST_WINDOW)), Math.max(...known(LONGEST_WINDOW))];
    });
    this.legend.replaceChildren(
      ...rows.map(([entry, now]) => {
        const item = html("li", entry.className, `${entry.name} `);
        item.append(html("b", "", this.say(now)));
        return item;
      }),
    );
    const head = html("tr");
    head.append(...["database", "now", "mean, 1 min", "mean, 10 min", "most"].map((text) => {
      const cell = html("th", "", text);
      cell.scope = "col";
      return cell;
    }));
    this.table.replaceChildren(head, ...rows.map(([entry, ...values]) => {
      const row = html("tr");
      const name = html("th", "", entry.name);
      name.scope = "row";
      row.append(name, ...values.map((value) => html("td", "", this.say(Number.isFinite(value) ? value : null))));
      return row;
    }));
    const now = rows.map(([entry, value]) => `${entry.name} ${this.say(value)}`).join(", ");
    this.svg.setAttribute("aria-label", `${this.options.title}, the last minutes. Now: ${now || "nothing known"}.`);
  }
}
