// Draws on the paper, has the server read it, and shows what it says. The API is described in /openapi.json.
const $ = (id) => document.getElementById(id);
const paper = $("paper");
const pen = paper.getContext("2d");

// ---- the drawing: strokes of points, or a picture; undo goes back through all of it

/** Each stroke: {width, points: [[x, y], ...]} in the paper's pixels. */
let strokes = [];
/** A picture that was opened, as a canvas of its own shape; drawing begins anew on top of it. */
let picture = null;
/** What was there before each thing that was done, the last of them. */
const before = [];
const MOST_BEFORE = 100;

function remember() {
  before.push({strokes: strokes.slice(), picture});
  if (before.length > MOST_BEFORE) before.shift();
}

/** Whatever is being drawn ends here. */
function liftPens() {
  drawing.clear();
  isPenDown = false;
}

function inkColor() {
  return getComputedStyle(document.documentElement).getPropertyValue("--text");
}

function drawStroke({width, points}) {
  pen.strokeStyle = pen.fillStyle = inkColor();
  pen.lineWidth = width;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  if (points.length === 1) {
    pen.arc(...points[0], width / 2, 0, 2 * Math.PI);
    pen.fill();
    return;
  }
  pen.moveTo(...points[0]);
  // Through the middles between points, the points themselves pulling: round however fast the hand was.
  for (let i = 1; i + 1 < points.length; ++i) {
    const [x, y] = points[i];
    pen.quadraticCurveTo(x, y, (x + points[i + 1][0]) / 2, (y + points[i + 1][1]) / 2);
  }
  pen.lineTo(...points.at(-1));
  pen.stroke();
}

function redraw() {
  pen.clearRect(0, 0, paper.width, paper.height);
  if (picture) {
    const {width, height} = picture;
    const scale = Math.min(paper.width / width, paper.height / height);
    pen.drawImage(picture, (paper.width - width * scale) / 2, (paper.height - height * scale) / 2,
                  width * scale, height * scale);
  }
  strokes.forEach(drawStroke);
  if (penAt) drawPen();
}

function changed() {
  redraw();
  read();
}

function undo() {
  if (before.length === 0) return;
  liftPens();
  ({strokes, picture} = before.pop());
  changed();
}

function clear() {
  if (strokes.length === 0 && !picture) return;
  liftPens();
  remember();
  strokes = [];
  picture = null;
  changed();
}

function beginStroke(point) {
  remember();
  picture = null;
  strokes = [...strokes, {width: Number($("brush").value), points: [point]}];
}

// ---- mouse, pen and finger; each finger that draws has a stroke of its own

const drawing = new Map();

function pointOf(event) {
  const box = paper.getBoundingClientRect();
  return [(event.clientX - box.left - paper.clientLeft) * paper.width / paper.clientWidth,
          (event.clientY - box.top - paper.clientTop) * paper.height / paper.clientHeight];
}

paper.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  penAt = null;
  paper.setPointerCapture(event.pointerId);  // the stroke goes on where the paper ends
  beginStroke(pointOf(event));
  drawing.set(event.pointerId, strokes.at(-1));
  changed();
});
paper.addEventListener("pointermove", (event) => {
  const stroke = drawing.get(event.pointerId);
  if (!stroke) return;
  const moves = event.getCoalescedEvents?.() ?? [];
  for (const move of moves.length ? moves : [event]) stroke.points.push(pointOf(move));
  changed();
});
for (const end of ["pointerup", "pointercancel"]) {
  paper.addEventListener(end, (event) => drawing.delete(event.pointerId));
}

// ---- the keyboard: arrows move the pen, space lowers or lifts it

let penAt = null;
let isPenDown = false;

function drawPen() {
  pen.save();
  pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
  pen.lineWidth = isPenDown ? 6 : 2;
  pen.beginPath();
  pen.arc(...penAt, 14, 0, 2 * Math.PI);
  pen.stroke();
  pen.restore();
}

paper.addEventListener("keydown", (event) => {
  const step = {ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16]}[event.key];
  if (!step && event.key !== " ") return;
  event.preventDefault();
  penAt ??= [paper.width / 2, paper.height / 2];
  if (step) {
    penAt = penAt.map((place, i) => Math.min(paper.width - 16, Math.max(16, place + step[i])));
    if (isPenDown) strokes.at(-1).points.push(penAt);
  } else {
    isPenDown = !isPenDown;
    if (isPenDown) beginStroke(penAt);
  }
  changed();
});
paper.addEventListener("blur", () => {
  penAt = null;
  isPenDown = false;
  redraw();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    undo();
  } else if (event.key === "Escape") {
    clear();
  }
});

// ---- pictures: opened, pasted, dropped

/** Larger pictures are shrunk to this side: the server needs no more. */
const PICTURE_SIDE = 1024;

async function open(file) {
  if (!file) return;
  let bitmap;
  document.body.dataset.state = "reading";
  expectAnswer();
  try {
    bitmap = await createImageBitmap(file);  // any kind of picture, turned as its camera says
  } catch {
    $("message").textContent = `${file.name || "That"} is not a picture that can be opened`;
    nowCurrent();
    return;
  }
  liftPens();
  remember();
  strokes = [];
  const scale = Math.min(1, PICTURE_SIDE / Math.max(bitmap.width, bitmap.height));
  picture = document.createElement("canvas");
  picture.width = Math.max(1, Math.round(bitmap.width * scale));
  picture.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = picture.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, picture.width, picture.height);
  bitmap.close();
  changed();
}

$("upload").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => {
  open($("file").files[0]);
  $("file").value = "";
});
document.addEventListener("paste", (event) => {
  open([...event.clipboardData.files].find((file) => file.type.startsWith("image/")));
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  paper.classList.add("is-target");
});
document.addEventListener("dragleave", () => paper.classList.remove("is-target"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  paper.classList.remove("is-target");
  open(event.dataTransfer.files[0]);
});

// ---- reading: one request at a time, the next as soon as it is back if the drawing has changed

let isAsking = false;
let isStale = false;

/** Milliseconds without an answer after which the one that is shown, of an earlier drawing, turns grey. */
const LATE = 150;
let late;

function expectAnswer() {
  clearTimeout(late);
  late = setTimeout(() => $("answer").setAttribute("aria-busy", "true"), LATE);
}

/** What is shown is of the drawing as it is. */
function nowCurrent() {
  clearTimeout(late);
  $("answer").removeAttribute("aria-busy");
  document.body.dataset.state = "read";
}

function drawnPicture() {
  const toBlob = (canvas) => new Promise((done) => canvas.toBlob(done, "image/png"));
  if (picture) return toBlob(picture);
  const shown = penAt;
  penAt = null;  // the mark of the keyboard's pen is no ink
  redraw();
  const blob = toBlob(paper);  // copies the pixels before it returns
  penAt = shown;
  redraw();
  return blob;
}

async function read() {
  if (isAsking) {
    isStale = true;
    return;
  }
  isAsking = true;
  document.body.dataset.state = "reading";
  try {
    do {
      isStale = false;
      expectAnswer();
      show(strokes.length === 0 && !picture ? null : await ask(await drawnPicture()));
    } while (isStale);
  } finally {
    isAsking = false;
    nowCurrent();
  }
}

async function ask(blob) {
  const query = new URLSearchParams({explain: 1});
  if ($("model").value) query.set("model", $("model").value);
  try {
    const reply = await fetch(`api/predict?${query}`, {method: "POST", body: blob, headers: {"Content-Type": blob.type}});
    const answer = await reply.json();
    return answer.digits || answer.error ? answer : {error: `The server answers with status ${reply.status}.`};
  } catch {
    return {error: "The server does not answer; is digitrec serve still running?"};
  }
}

// ---- what the server said

let answer = null;
let chosen = 0;
let showsAll = false;

function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

function sentence(text) {
  const words = text.replace(/^picture: /, "").replace(/; expected a .*picture( of a digit)?$/, "");
  return words[0].toUpperCase() + words.slice(1);
}

/** Whether the classes are digits, which side by side make a number. */
function areDigits() {
  return classNames.every((name) => /^[0-9]$/.test(name));
}

function invitation() {
  return areDigits() ? "Draw a digit" : "Draw something";
}

function show(reply) {
  answer = reply?.digits ? reply : null;
  chosen = Math.min(chosen, (answer?.digits.length ?? 1) - 1);
  $("reading").classList.toggle("is-empty", !answer);
  $("number").textContent = answer?.number ?? "?";
  $("number").classList.toggle("is-long", (answer?.number.length ?? 0) > 12);
  $("details").hidden = !answer;
  $("advice").textContent = answer?.digits.some(({cut}) => cut) ? "Digits that touch were read apart: a gap makes it surer."
    : answer?.digits.some(({wide}) => wide) ? "Two digits that touch? They are read as one: leave a gap." : "";
  $("saved").textContent = "";
  $("unsave").hidden = true;
  if (answer) {
    $("message").textContent = answer.probability < 0.5 ? `Not sure: ${percent(answer.probability)}` : `${percent(answer.probability)} sure`;
    showDigits();
    showDigit();
  } else {
    $("message").textContent = reply?.error ? sentence(reply.error) : invitation();
  }
}

function showDigits() {
  const buttons = answer.digits.length < 2 ? [] : answer.digits.map((digit, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = digit.name;
    button.setAttribute("aria-pressed", i === chosen);
    button.setAttribute("aria-label", `${i + 1} of ${answer.digits.length}: ${digit.name}, ${percent(digit.probability)} sure`);
    button.addEventListener("click", () => {
      chosen = i;
      showDigits();
      showDigit();
      $("digits").children[i].focus();
    });
    return button;
  });
  $("digits").replaceChildren(...buttons);
}

function showDigit() {
  const digit = answer.digits[chosen];
  const order = digit.probabilities.map((probability, label) => ({probability, label}))
                    .sort((a, b) => b.probability - a.probability);
  $("bars").replaceChildren(...order.slice(0, showsAll ? order.length : 3).map(({probability, label}) => {
    const bar = document.createElement("div");
    bar.className = "bar";
    bar.innerHTML = '<strong></strong><div class="track"><div class="fill"></div></div><span class="value"></span>';
    bar.querySelector("strong").textContent = bar.querySelector("strong").title = classNames[label];
    bar.querySelector(".fill").style.width = percent(probability);
    bar.querySelector(".value").textContent = percent(probability);
    return bar;
  }));
  drawSeen(digit);
}

/** The pixels in grey; over them, where asked, what spoke for the answer and what against it. */
function drawSeen({pixels, saliency}) {
  const canvas = $("seen");
  const side = Math.sqrt(pixels.length);
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  const why = $("why").checked;
  pixels.forEach((level, i) => {
    const strength = why ? Math.min(1, 1.5 * Math.abs(saliency[i])) : 0;
    const hue = saliency[i] > 0 ? [0, 150, 255] : [255, 120, 0];
    for (let c = 0; c < 3; ++c) image.data[4 * i + c] = (why ? 0.45 : 1) * level * (1 - strength) + hue[c] * strength;
    image.data[4 * i + 3] = 255;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

$("all").addEventListener("click", () => {
  showsAll = !showsAll;
  $("all").textContent = showsAll ? "Show the best three" : "Show all classes";
  $("all").setAttribute("aria-expanded", showsAll);
  if (answer) showDigit();
});
$("why").addEventListener("change", () => answer && drawSeen(answer.digits[chosen]));
$("undo").addEventListener("click", undo);
$("unsave").addEventListener("click", takeBack);
$("clear").addEventListener("click", clear);

// ---- corrections

/** What takes the last correction back. */
let savedAs = null;

async function takeBack() {
  $("unsave").hidden = true;
  try {
    const reply = await fetch(`api/corrections?${new URLSearchParams({id: savedAs})}`, {method: "DELETE"});
    const {removed, error} = await reply.json();
    $("saved").textContent = error ? sentence(error) : `Removed from ${removed}.`;
  } catch {
    $("saved").textContent = "Not removed: the server does not answer.";
  }
}

async function correct(label) {
  const buttons = $("correction").querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });  // twice is once
  const query = new URLSearchParams($("model").value ? {model: $("model").value} : {});
  try {
    const reply = await fetch(`api/corrections?${query}`, {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({label, pixels: answer.digits[chosen].pixels}),
    });
    const {saved, id, error} = await reply.json();
    $("saved").textContent = error ?? `Saved to ${saved} as ${classNames[label]}. Thank you.`;
    $("unsave").hidden = !id;
    savedAs = id;
  } catch {
    $("saved").textContent = "Not saved: the server does not answer.";
  }
  buttons.forEach((button) => { button.disabled = false; });
}

// ---- models and theme

/** What the chosen model's classes are called. */
let classNames = [];

function showModel(models) {
  const {preset, networks, parameters, val_accuracy: accuracy, class_names, corrections} =
      models.find(({name}) => name === $("model").value) ?? models[0];
  classNames = class_names;
  $("correction").hidden = !corrections;
  $("correction").classList.toggle("has-words", class_names.some(({length}) => length > 4));
  document.title = areDigits() ? "digitrec: draw a digit" : "digitrec: draw";
  $("several").textContent = areDigits() ? "Several digits side by side are read as a number." : "";
  if (!answer) $("message").textContent = invitation();
  $("bars").style.setProperty("--name", `${Math.min(14, Math.max(...class_names.map(({length}) => length)))}ch`);
  const facts = [networks > 1 ? `${networks} networks, ${preset}` : preset, `${parameters.toLocaleString("en")} parameters`];
  if (accuracy) facts.push(`${percent(accuracy)} on validation rows`);
  $("model-facts").textContent = facts.join(", ");
  $("correction").replaceChildren($("correction").firstElementChild, ...classNames.map((name, label) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = button.title = name;
    button.setAttribute("aria-label", `It is ${name}: save the drawing`);
    button.addEventListener("click", () => correct(label));
    return button;
  }));
}

async function loadModels() {
  const {models} = await (await fetch("api/model")).json();
  $("model").replaceChildren(...models.map(({name}) => new Option(name)));
  $("model-choice").hidden = models.length < 2;
  showModel(models);
  $("model").addEventListener("change", () => {
    showModel(models);
    read();
  });
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").textContent = theme === "dark" ? "Light" : "Dark";
  redraw();
}

/** Where a browser keeps nothing, the theme is as the system's on every visit. */
const kept = {
  get theme() {
    try { return localStorage.getItem("theme"); } catch { return null; }
  },
  set theme(value) {
    try { localStorage.setItem("theme", value); } catch { /* then not */ }
  },
};

$("theme").addEventListener("click", () => {
  kept.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
});
setTheme(kept.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
loadModels();
