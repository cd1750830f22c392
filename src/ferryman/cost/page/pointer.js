// Shows the bills under the pointer in the bill chart. The page is complete without it.

const NAMESPACE = "http://www.w3.org/2000/svg";

const axis = (text) => {
  const [start, stop, low, high] = text.split(" ").map(Number);
  const ratio = Math.log(high / low);
  return {
    start, stop,
    value: (place) => low * Math.exp((ratio * (place - start)) / (stop - start)),
  };
};

const rounded = (value, digits) =>
  Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 2 });

const volume = (value) =>
  value >= 1e6 ? `${rounded(value / 1e6, 3)} M` : value >= 1e3 ? `${rounded(value / 1e3, 3)} k` : rounded(value, 3);

const corners = (path) =>
  path.getAttribute("d").slice(1).split("L").map((pair) => pair.split(",").map(Number));

// The height of a line at x; undefined outside of the line.
const heightAt = (points, x) => {
  const next = points.findIndex((point) => point[0] >= x);
  if (next < 0) return undefined;
  if (next === 0) return points[0][0] === x ? points[0][1] : undefined;
  const [[x0, y0], [x1, y1]] = [points[next - 1], points[next]];
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
};

export const follow = (svg) => {
  const horizontal = axis(svg.dataset.x);
  const vertical = axis(svg.dataset.y);
  const names = [...svg.querySelectorAll("[data-series]")].map((name) => name.textContent);
  const lines = [...svg.querySelectorAll("path.series")].map(corners);
  const rule = document.createElementNS(NAMESPACE, "line");
  rule.setAttribute("class", "own");
  rule.setAttribute("y1", vertical.stop);
  rule.setAttribute("y2", vertical.start);
  const reading = document.createElement("div");
  reading.className = "reading";
  reading.setAttribute("aria-hidden", "true");

  const leave = () => { rule.remove(); reading.remove(); };
  const move = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
    if (x < horizontal.start || x > horizontal.stop) return leave();
    rule.setAttribute("x1", x);
    rule.setAttribute("x2", x);
    const rows = lines
      .map((points, index) => [names[index], heightAt(points, x)])
      .filter(([, height]) => height !== undefined)
      .sort((one, two) => one[1] - two[1])
      .flatMap(([name, height]) => {
        const term = document.createElement("dt");
        const amount = document.createElement("dd");
        term.textContent = name;
        amount.textContent = height > vertical.start ? "below $1" : `$${rounded(vertical.value(height), 3)}`;
        return [term, amount];
      });
    const list = document.createElement("dl");
    list.append(...rows);
    reading.replaceChildren(`${volume(horizontal.value(x))} requests a month`, list);
    svg.append(rule);
    document.body.append(reading);
    const left = event.pageX + 16 + reading.offsetWidth > document.documentElement.clientWidth
      ? event.pageX - 16 - reading.offsetWidth : event.pageX + 16;
    reading.style.left = `${left}px`;
    reading.style.top = `${event.pageY + 16}px`;
  };
  svg.addEventListener("pointermove", move);
  svg.addEventListener("pointerleave", leave);
};

document.querySelectorAll("svg.curves").forEach(follow);
