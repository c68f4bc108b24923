// The search page: one search at a time, what it found, and what to do when it found nothing.

const PAGE_HITS = 24;
const RETRY_MILLISECONDS = 3000;
const LONGEST_TEXT = 4000;

const element = (id) => document.getElementById(id);
const [form, text, file, grid, note, noteText, retry, more, options, about, said, approximate] = [
  "form", "text", "file", "grid", "note", "note-text", "retry", "more", "options", "about", "said", "approximate",
].map(element);
const view = element("view");

let hints = { examples: [], upload_limit_bytes: Infinity };
let search = null; // what is searched for now: {kind, text | id | file, preview}
let hits = [];
let shown = -1; // the hit in the dialog
let running = null; // AbortController of the request in flight
let retryTimer = 0;

// ---------------------------------------------------------------- asking

function addressOf(wanted, offset) {
  const parameters = new URLSearchParams({ hits: PAGE_HITS, offset });
  if (approximate.checked) {
    parameters.set("approximate", "true");
  }
  if (wanted.kind === "text") {
    parameters.set("q", wanted.text);
    return `/api/search?${parameters}`;
  }
  return wanted.kind === "like" ? `/api/search/like/${wanted.id}?${parameters}` : `/api/search/image?${parameters}`;
}

async function ask(wanted, offset) {
  running?.abort();
  clearTimeout(retryTimer);
  running = new AbortController();
  const request = { signal: running.signal };
  if (wanted.kind === "file") {
    Object.assign(request, { method: "POST", body: wanted.file, headers: { "Content-Type": "application/octet-stream" } });
  }
  document.body.classList.add("waiting");
  grid.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(addressOf(wanted, offset), request);
    const body = await answer.json();
    if (answer.ok) {
      show(wanted, body, offset);
    } else {
      fail(wanted, offset, answer.status, String(body.detail ?? answer.statusText));
    }
  } catch (error) {
    if (error.name === "AbortError") {
      return; // another search has begun
    }
    fail(wanted, offset, 0, "The search page's server does not answer.");
  }
  document.body.classList.remove("waiting");
  grid.removeAttribute("aria-busy");
}

function start(wanted, { remember = true } = {}) {
  if (search?.preview && search.preview !== wanted.preview) {
    URL.revokeObjectURL(search.preview);
  }
  search = wanted;
  if (view.open) {
    view.close();
  }
  if (wanted.kind !== "text") {
    text.value = "";
  }
  if (remember) {
    const target = { text: () => `/?q=${encodeURIComponent(wanted.text)}`, like: () => `/?like=${wanted.id}`, file: () => "/" };
    history.pushState(null, "", target[wanted.kind]());
  }
  return ask(wanted, 0);
}

function searchText(value) {
  const trimmed = value.trim();
  if (!trimmed) {
    say("Type what the pictures should show, or click one of the examples.", "");
    text.focus();
    return;
  }
  if (new TextEncoder().encode(trimmed).length > LONGEST_TEXT) {
    say(`That text is too long: ${LONGEST_TEXT} bytes are the most. A short sentence finds more.`, "warn");
    return;
  }
  text.value = trimmed;
  start({ kind: "text", text: trimmed });
}

function searchFile(picked) {
  if (!picked) {
    return;
  }
  if (picked.size > hints.upload_limit_bytes) {
    const limit = Math.floor(hints.upload_limit_bytes / 1e6);
    say(`“${picked.name}” has ${(picked.size / 1e6).toFixed(0)} MB; ${limit} MB are the most. Make it smaller and drop it again.`, "warn");
    return;
  }
  start({ kind: "file", file: picked, preview: URL.createObjectURL(picked) });
}

// ---------------------------------------------------------------- showing

function say(words, kind, { canRetry = false } = {}) {
  noteText.textContent = words;
  note.className = `note ${kind}`;
  note.hidden = !words;
  retry.hidden = !canRetry;
  said.textContent = words;
}

function nameOf(wanted) {
  if (wanted.kind === "text") {
    return `“${wanted.text.length > 80 ? `${wanted.text.slice(0, 80)}…` : wanted.text}”`;
  }
  return wanted.kind === "like" ? `pictures like ${wanted.id}` : "pictures like yours";
}

function show(wanted, body, offset) {
  if (offset === 0) {
    hits = [];
    grid.replaceChildren();
  }
  const isFirst = hits.length === 0;
  hits.push(...body.hits);
  grid.append(...body.hits.map((hit, number) => card(hit, offset + number)));
  document.body.classList.toggle("has-results", hits.length > 0);
  document.body.classList.toggle("no-match", body.good_match === false);
  document.title = `${nameOf(wanted)} · adgfleet`;
  options.hidden = false;
  describe(wanted, body);
  more.hidden = body.next_offset === null;
  more.dataset.offset = body.next_offset ?? "";
  if (hits.length === 0) {
    say("No picture has an embedding yet. An operator runs: adgfleet produce --follow", "warn");
  } else if (body.good_match === false) {
    say(`No good match for ${nameOf(wanted)}: the model does not seem to know these words. The nearest pictures are below; other words may find more.`, "warn");
  } else {
    say("", "");
    said.textContent = `${hits.length} pictures for ${nameOf(wanted)}`;
  }
  if (isFirst && wanted.kind !== "text") {
    window.scrollTo({ top: 0 });
  }
}

function describe(wanted, body) {
  const parts = [];
  const source = wanted.kind === "like" ? `/api/pictures/${wanted.id}` : wanted.preview;
  if (source) {
    const picture = new Image();
    picture.src = source;
    picture.alt = "The picture that is searched by";
    parts.push(picture);
  }
  const words = document.createElement("span");
  const way = body.approximate ? "approximate, " : "";
  words.textContent = `${nameOf(wanted)} — ${way}answered by ${body.standby} in ${body.sql_milliseconds.toFixed(0)} ms`;
  parts.push(words);
  about.replaceChildren(...parts);
}

function numberOf(hit) {
  return hit.picture.slice(hit.picture.lastIndexOf("/") + 1); // as text: an id may have more digits than a number here
}

function pictureOf(hit) {
  const picture = new Image();
  picture.src = hit.picture;
  picture.alt = `Picture ${numberOf(hit)}`;
  picture.loading = "lazy";
  picture.decoding = "async";
  picture.addEventListener("error", () => {
    const broken = document.createElement("span");
    broken.className = "broken";
    broken.textContent = `${numberOf(hit)} is no picture that a browser can show`;
    picture.replaceWith(broken);
  });
  return picture;
}

function card(hit, number) {
  const item = document.createElement("li");
  item.className = "card";
  const open = document.createElement("button");
  open.type = "button";
  open.className = "open";
  open.setAttribute("aria-label", `Open picture ${numberOf(hit)}, distance ${hit.distance.toFixed(3)}`);
  open.append(pictureOf(hit));
  open.addEventListener("click", () => openView(number));
  const facts = document.createElement("div");
  facts.className = "facts";
  const near = document.createElement("span");
  near.className = "near";
  near.style.setProperty("--near", Math.max(0, Math.min(1, 1 - hit.distance)));
  const label = document.createElement("span");
  label.className = "number";
  label.textContent = `picture ${numberOf(hit)}`;
  const distance = document.createElement("span");
  distance.className = "distance";
  distance.title = "cosine distance: 0 is the same, 1 is nothing in common";
  distance.textContent = hit.distance.toFixed(3);
  const like = document.createElement("button");
  like.type = "button";
  like.className = "like";
  like.textContent = "More like this";
  like.setAttribute("aria-label", `More like picture ${numberOf(hit)}`);
  like.addEventListener("click", () => start({ kind: "like", id: numberOf(hit) }));
  facts.append(near, label, distance, like);
  item.append(open, facts);
  return item;
}

function fail(wanted, offset, status, detail) {
  if (status === 503 || status === 0) {
    const first = status === 0 ? detail : "No standby can answer just now.";
    const why = status === 0 ? "" : ` (${detail})`;
    say(`${first} The search is tried again by itself.${why}`, "bad", { canRetry: true });
    loadHealth();
    retryTimer = setTimeout(() => ask(wanted, offset), RETRY_MILLISECONDS);
    return;
  }
  const advice = { 404: "It may have been deleted. Search for something else.", 413: "", 422: "" };
  say(`${detail.charAt(0).toUpperCase()}${detail.slice(1)}. ${advice[status] ?? "Please tell whoever runs this page."}`, "warn");
}

function showStart() {
  running?.abort();
  clearTimeout(retryTimer);
  search = null;
  hits = [];
  grid.replaceChildren();
  document.body.classList.remove("has-results", "no-match", "waiting");
  document.title = "Search pictures · adgfleet";
  options.hidden = true;
  more.hidden = true;
  text.value = "";
  say("", "");
  text.focus();
}

// ---------------------------------------------------------------- one picture, large

function openView(number) {
  shown = number;
  const hit = hits[number];
  const picture = pictureOf(hit);
  picture.loading = "eager";
  element("view-picture").replaceChildren(picture);
  element("view-facts").textContent = `Picture ${numberOf(hit)} · distance ${hit.distance.toFixed(4)} · ${number + 1} of ${hits.length}`;
  element("view-file").href = hit.picture;
  element("view-back").disabled = number === 0;
  element("view-next").disabled = number === hits.length - 1;
  if (!view.open) {
    view.showModal();
  }
}

function step(by) {
  const target = shown + by;
  if (target >= 0 && target < hits.length) {
    openView(target);
  }
}

view.addEventListener("close", () => grid.querySelectorAll(".open")[shown]?.focus());
view.addEventListener("click", (event) => {
  if (event.target === view) {
    view.close();
  }
});
view.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    event.preventDefault();
    step(event.key === "ArrowLeft" ? -1 : 1);
  }
});
element("view-close").addEventListener("click", () => view.close());
element("view-back").addEventListener("click", () => step(-1));
element("view-next").addEventListener("click", () => step(1));
element("view-like").addEventListener("click", () => start({ kind: "like", id: numberOf(hits[shown]) }));

// ---------------------------------------------------------------- keys, files, history

function moveFocus(key) {
  const cards = [...grid.querySelectorAll(".open")];
  const at = cards.indexOf(document.activeElement);
  if (at < 0) {
    if (key === "ArrowDown" && document.activeElement === text && cards.length) {
      cards[0].focus();
      return true;
    }
    return false;
  }
  const top = cards[0].getBoundingClientRect().top;
  const columns = cards.filter((entry) => entry.getBoundingClientRect().top === top).length;
  const to = at + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (to < 0 && key === "ArrowUp") {
    text.focus();
  }
  cards[to]?.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (view.open || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "/" && document.activeElement !== text) {
    event.preventDefault();
    text.focus();
    text.select();
  } else if (event.key.startsWith("Arrow") && moveFocus(event.key)) {
    event.preventDefault();
  } else if (event.key === "Escape") {
    if (document.activeElement !== text) {
      text.focus();
      text.select();
    } else if (search) {
      history.pushState(null, "", "/");
      showStart();
    }
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  searchText(text.value);
});
file.addEventListener("change", () => {
  searchFile(file.files[0]);
  file.value = "";
});
retry.addEventListener("click", () => search && ask(search, 0));
more.addEventListener("click", () => ask(search, Number(more.dataset.offset)));
approximate.addEventListener("change", () => search && ask(search, 0));
document.addEventListener("paste", (event) => {
  const picture = [...(event.clipboardData?.files ?? [])].find((entry) => entry.type.startsWith("image/"));
  if (picture) {
    event.preventDefault();
    searchFile(picture);
  }
});

let depth = 0; // dragenter and dragleave come for every element on the way
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragenter", (event) => {
  if (carriesFiles(event)) {
    depth += 1;
    document.body.classList.add("dropping");
  }
});
document.addEventListener("dragleave", (event) => {
  if (carriesFiles(event)) {
    depth -= 1;
    document.body.classList.toggle("dropping", depth > 0);
  }
});
document.addEventListener("dragover", (event) => {
  if (carriesFiles(event)) {
    event.preventDefault();
  }
});
document.addEventListener("drop", (event) => {
  depth = 0;
  document.body.classList.remove("dropping");
  if (carriesFiles(event)) {
    event.preventDefault();
    searchFile(event.dataTransfer.files[0]);
  }
});

function fromAddress() {
  const parameters = new URLSearchParams(location.search);
  const like = parameters.get("like");
  const words = parameters.get("q");
  if (like && /^-?\d{1,38}$/.test(like)) {
    start({ kind: "like", id: like }, { remember: false });
  } else if (words?.trim()) {
    text.value = words;
    start({ kind: "text", text: words.trim() }, { remember: false });
  } else {
    showStart();
  }
}

async function loadHints() {
  try {
    hints = await (await fetch("/api/hints")).json();
  } catch {
    return; // the page works without examples
  }
  element("chips").replaceChildren(
    ...hints.examples.map((words) => {
      const item = document.createElement("li");
      const chip = document.createElement("button");
      chip.type = "button";
      chip.textContent = words;
      chip.addEventListener("click", () => searchText(words));
      item.append(chip);
      return item;
    }),
  );
}

async function loadHealth() {
  const ready = element("ready");
  try {
    const health = await (await fetch("/api/health")).json();
    const count = health.embedded === null ? "" : `${health.embedded.toLocaleString("en")} pictures can be found. `;
    const states = health.databases.map((entry) => `${entry.name} ${entry.state.toLowerCase().replace("_", " ")}`);
    ready.textContent = health.status === "ok" ? `${count}${states.join(" · ")}` : `${count}${health.detail}`;
    ready.className = `ready ${health.status}`;
  } catch {
    ready.textContent = "";
  }
}

window.addEventListener("popstate", fromAddress);
loadHints();
loadHealth();
fromAddress();
