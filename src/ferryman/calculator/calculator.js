// Updates the page and its address when the user moves a control.

const form = document.querySelector("#controls");
const upload = document.querySelector("#upload");
const parts = { first: document.querySelector("#first"), second: document.querySelector("#second") };
const said = document.querySelector("#said");

// ---- Sliders: a logarithmic track beside each number.

// A number as it is typed: 20M, 250k, 512; to three digits.
const plain = (value) => {
  const rounded = Number(value.toPrecision(3));
  const [size, letter] = [[1e9, "G"], [1e6, "M"], [1e5, "k"]].find(([least]) => rounded >= least) ?? [1, ""];
  return `${Number((rounded / (letter === "k" ? 1e3 : size)).toPrecision(3))}${letter}`;
};

const number = (text) => {
  const found = /^\s*([\d.,]+(?:e\d+)?)\s*([kmg]?)\s*$/i.exec(text);
  const power = { k: 1e3, m: 1e6, g: 1e9 }[found?.[2].toLowerCase()] ?? 1;
  return found ? Number(found[1].replaceAll(",", "")) * power : NaN;
};

const slide = (track) => {
  const field = document.getElementById(track.dataset.for);
  const steps = track.dataset.steps?.split(" ").map(Number);
  const [low, high, last] = [track.dataset.low ?? "1", track.dataset.high ?? "1", track.max].map(number);
  const unit = document.getElementById(field.getAttribute("aria-describedby")).textContent;
  const value = () => (steps ? steps[track.value] : low * (high / low) ** (track.value / last));
  const settle = () => {
    const wanted = number(field.value);
    const near = (size) => Math.abs(size - wanted);
    if (Number.isNaN(wanted)) return;
    track.value = steps
      ? steps.indexOf(steps.reduce((best, size) => (near(size) < near(best) ? size : best)))
      : Math.round((last * Math.log(Math.max(wanted, low) / low)) / Math.log(high / low));
    track.setAttribute("aria-valuetext", `${field.value} ${unit}`);
  };
  track.addEventListener("input", () => {
    field.value = plain(value());
    track.setAttribute("aria-valuetext", `${field.value} ${unit}`);
  });
  field.addEventListener("input", settle);
  settle();
};

document.querySelectorAll("input[type=range]").forEach(slide);

// ---- Updates: one request at a time, and after it one for the newest state.

const query = () => new URLSearchParams(new FormData(form)).toString();
const root = location.pathname;
let asked = query();
let busy = false;
let resting;

const show = (part, text) => {
  const open = [...parts[part].querySelectorAll("details")].map((one) => one.open);
  parts[part].innerHTML = text;
  parts[part].querySelectorAll("details").forEach((one, place) => { one.open = open[place] ?? false; });
  parts[part].querySelectorAll("svg.curves").forEach(follow);
};

const ask = async (part, wanted) => {
  const answer = await fetch(`${root}${part}?${wanted}`);
  const text = await answer.text();
  if (!answer.ok && answer.status !== 400) throw new Error(`${answer.status}`);
  return { text, whole: answer.ok };
};

// Wait until the controls rest: the second part is slow, and browsers limit changes of the address.
const rest = async (wanted, whole) => {
  history.replaceState(null, "", `${root}?${wanted}`);
  if (upload) upload.action = `${root}${upload.dataset.path}?${wanted}`;
  const heading = parts.first.querySelector("h1").textContent;
  document.title = `${heading} - ferryman`;
  said.textContent = heading;
  const text = whole ? (await ask("second", wanted)).text : "";
  if (asked !== wanted) return;
  show("second", text);
  document.body.classList.remove("waiting");
};

const fail = () => { said.textContent = "The server does not respond."; };

const update = async () => {
  if (busy || asked === query()) return; // a slider may move within one step
  busy = true;
  document.body.classList.add("waiting");
  try {
    while (asked !== query()) {
      clearTimeout(resting);
      const wanted = (asked = query());
      const { text, whole } = await ask("first", wanted);
      show("first", text);
      document.body.dataset.shown = wanted;
      resting = setTimeout(() => rest(wanted, whole).catch(fail), 150);
    }
  } catch {
    fail();
  } finally {
    busy = false;
  }
};

form.addEventListener("input", update);
// A button with a name adds or removes an application, which the server does with a page.
form.addEventListener("submit", (event) => {
  if (event.submitter?.name) return;
  event.preventDefault();
  update();
});
