// A small chart of the last five minutes, or of the last one until there is more. It is
// drawn in a box of fixed size that is stretched to the room there is.

const LONGEST = 300_000; // ms
const SHORTEST = 60_000; // ms
const WIDTH = 300;
const HEIGHT = 40;
const SVG = "http://www.w3.org/2000/svg";

export class Spark {
  #points = []; // [time, value], oldest first
  #area;
  #line;

  constructor(parent) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("spark");
    this.#area = this.#path(svg, "spark-area");
    this.#line = this.#path(svg, "spark-line");
    parent.append(svg);
  }

  #path(svg, className) {
    const path = document.createElementNS(SVG, "path");
    path.classList.add(className);
    svg.append(path);
    return path;
  }

  /** add adds a value. Times come in order. */
  add(at, value) {
    this.#points.push([at, value]);
  }

  /** peak is the highest value that shows. */
  get peak() {
    return Math.max(0, ...this.#points.map(([, value]) => value));
  }

  /** draw shows what is not too old. */
  draw(now) {
    while (this.#points.length > 0 && this.#points[0][0] < now - LONGEST) this.#points.shift();
    if (this.#points.length < 2) return;
    const top = this.peak || 1;
    const span = Math.max(SHORTEST, now - this.#points[0][0]);
    const x = (at) => (WIDTH * (1 - (now - at) / span)).toFixed(1);
    const y = (value) => (HEIGHT - 2 - (HEIGHT - 4) * (value / top)).toFixed(1);
    const line = this.#points.map(([at, value]) => `${x(at)} ${y(value)}`).join("L");
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    this.#line.setAttribute("d", `M${line}`);
    this.#area.setAttribute("d", `M${x(first[0])} ${HEIGHT}L${line}L${x(last[0])} ${HEIGHT}Z`);
  }
}
