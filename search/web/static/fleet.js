// The fleet page: what the server streams, drawn; it never sends anything but the wish to read.
import { LineChart } from "/static/chart.js";
import { counted, duration, number, percent, said } from "/static/figures.js";

const KEPT_SECONDS = 600;
const REOPEN_MILLISECONDS = 3000;
const STALE_SECONDS = 5;
const SERIES = 6;

const element = (id) => document.getElementById(id);
const cards = new Map(); // name: the parts of its card
const states = new Map(); // name: the state that was said last
let points = [];
let fleet = null;
let heardAt = 0;
let lookedAt = 0; // when something new was heard: what is sent again is old
let source = null;
let failuresShown = "";

const cpuChart = new LineChart(element("cpu-chart"), { title: "CPU", unit: " %", digits: 0, least: 20 });
const rateChart = new LineChart(element("rate-chart"), { title: "Pictures a second", unit: "", digits: 1, least: 1 });

// ---------------------------------------------------------------- words

const GOOD = new Set(["SERVING", "OPEN"]);
const WARN = new Set(["PAUSED", "LAGGING", "SLOW_COMMIT", "UNKNOWN"]);
const kindOf = (state) => (GOOD.has(state) ? "good" : WARN.has(state) ? "warn" : "bad");

function put(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

function make(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Fill a list of figures; those that are there already only change their text. */
function fillFigures(list, figures) {
  while (list.children.length > figures.length) {
    list.lastElementChild.remove();
  }
  figures.forEach(([label, value], place) => {
    let entry = list.children[place];
    if (!entry) {
      entry = make("div");
      entry.append(make("dt"), make("dd"));
      list.append(entry);
    }
    put(entry.firstElementChild, label);
    put(entry.lastElementChild, value);
  });
}

// ---------------------------------------------------------------- parts

function colourOf(name) {
  if (name === "primary") {
    return "of-primary";
  }
  const standbys = (fleet?.databases ?? []).map((entry) => entry.name).filter((entry) => entry !== "primary");
  return `series-${Math.max(0, standbys.indexOf(name)) % SERIES}`;
}

function headline() {
  const standbys = fleet.databases.filter((entry) => entry.name !== "primary");
  const serving = standbys.filter((entry) => entry.state === "SERVING").length;
  if (fleet.queue === null) {
    return `${counted(standbys.length, "standby")}, workers not heard`;
  }
  const rate = fleet.pictures_per_second > 0 ? `, ${fleet.pictures_per_second.toFixed(1)} pictures a second` : "";
  return `${serving} of ${counted(standbys.length, "standby")} ${serving === 1 ? "serves" : "serve"}${rate}`;
}

function notesOf() {
  const notes = [];
  if (fleet.redis_problem) {
    notes.push(["bad", `${fleet.redis_problem}. Without it nobody knows what workers do, and nothing is queued. Start Redis, or set REDIS_URL; workers come back by themselves.`]);
  }
  const standbys = fleet.databases.filter((entry) => entry.name !== "primary");
  if (!fleet.redis_problem && standbys.every((entry) => entry.state === "NO WORKER")) {
    notes.push(["warn", `No worker has been heard of. Start one for each standby: adgfleet worker ${standbys[0]?.name ?? "STANDBY"}`]);
  }
  const silent = fleet.databases.filter((entry) => entry.state === "UNREACHABLE").map((entry) => entry.name);
  if (silent.length && silent.length === fleet.databases.length) {
    notes.push(["bad", "No database answers. Their ranges wait in the queue; when the databases are back, the fleet goes on by itself."]);
  }
  const counts = fleet.counts;
  if (counts?.pending && fleet.queue && !fleet.queue.waiting && !fleet.queue.running) {
    notes.push(["warn", `${counted(counts.pending, "picture")} pending and nothing is queued. Enqueue them: adgfleet produce`]);
  }
  if (counts && counts.pictures === 0) {
    notes.push(["", "There are no pictures yet. Load some: adgfleet load pictures DIRECTORY, then adgfleet produce --follow"]);
  }
  if (fleet.dead_letters) {
    notes.push(["warn", `${counted(fleet.dead_letters, "message")} could not be used and ${fleet.dead_letters === 1 ? "was" : "were"} put aside; see adgfleet status`]);
  }
  return notes;
}

function showNotes() {
  const notes = notesOf();
  const shown = JSON.stringify(notes);
  if (element("notes").dataset.shown !== shown) {
    element("notes").dataset.shown = shown;
    element("notes").replaceChildren(...notes.map(([kind, text]) => {
      const note = make("div", `note ${kind}`);
      note.append(make("p", "", text));
      return note;
    }));
    if (notes.length) {
      put(element("said"), notes[0][1]);
    }
  }
}

function showWork() {
  const counts = fleet.counts;
  const meter = element("meter");
  const all = counts?.pictures || 1;
  const share = counts ? counts.embedded / all : 0;
  meter.querySelector(".embedded").style.setProperty("--share", share);
  meter.querySelector(".failed").style.setProperty("--share", counts ? counts.failed / all : 0);
  meter.setAttribute("aria-valuenow", Math.floor(100 * share));
  if (counts) {
    put(element("sum"), `${percent(counts.embedded, counts.pictures)} % of ${counted(counts.pictures, "picture")} embedded, as ${counts.database} says`);
  } else {
    put(element("sum"), fleet.counts_problem ? `not counted: ${fleet.counts_problem}` : "being counted");
  }
  const eta = fleet.eta_seconds;
  const left = eta === null ? "–" : eta === 0 ? "done" : duration(eta);
  fillFigures(element("work-figures"), [
    ["embedded", counts ? number.format(counts.embedded) : "–"],
    ["pending", counts ? number.format(counts.pending) : "–"],
    ["failed", counts ? number.format(counts.failed) : "–"],
    ["pictures a second", said(fleet.pictures_per_second)],
    ["time left", left],
    ["ranges waiting", fleet.queue ? number.format(fleet.queue.waiting) : "–"],
    ["ranges in work", fleet.queue ? number.format(fleet.queue.running) : "–"],
  ]);
  // Where nothing is queued or in work, what was not reported never will be.
  const isBusy = fleet.queue && (fleet.queue.waiting > 0 || fleet.queue.running > 0);
  const open = fleet.runs.filter((run) => isBusy && run.ranges_done < run.ranges);
  const shown = open.length ? open : fleet.runs.slice(0, 1);
  put(element("runs"), shown.map((run) => {
    const failed = run.failed ? `, ${number.format(run.failed)} failed` : "";
    const lost = run.ranges - run.ranges_done;
    const never = fleet.queue && !isBusy && lost > 0 ? `, ${counted(lost, "range")} ${lost === 1 ? "was" : "were"} never reported` : "";
    return `${open.length ? "Run" : "Last run"} ${run.run_id}: ${number.format(run.settled)} of ${counted(run.pictures, "picture")} in ${number.format(run.ranges_done)} of ${counted(run.ranges, "range")}${failed}${never}`;
  }).join(" · "));
  element("runs").hidden = shown.length === 0;
}

function cardOf(name) {
  if (!cards.has(name)) {
    const item = make("li", "card");
    const head = make("header");
    const parts = {
      item,
      title: make("h3"),
      state: make("span", "state"),
      role: make("p", "role"),
      figures: make("dl", "figures"),
      reason: make("p", "reason"),
      error: make("p", "error"),
    };
    parts.error.tabIndex = 0; // a long one scrolls
    head.append(parts.title, parts.state);
    item.append(head, parts.role, parts.figures, parts.reason, parts.error);
    item.dataset.name = name;
    element("cards").append(item);
    cards.set(name, parts);
  }
  return cards.get(name);
}

function showCard(entry) {
  const parts = cardOf(entry.name);
  const isPrimary = entry.name === "primary";
  parts.item.className = `card ${colourOf(entry.name)}`;
  put(parts.title, entry.db_unique_name && entry.db_unique_name.toLowerCase() !== entry.name.toLowerCase() ? `${entry.name} (${entry.db_unique_name})` : entry.name);
  put(parts.state, entry.state.replaceAll("_", " "));
  parts.state.className = `state ${kindOf(entry.state)}`;
  put(parts.role, entry.role ? entry.role.toLowerCase() : "role unknown");
  const cpu = ["CPU", entry.cpu_percent === null ? "–" : `${entry.cpu_percent.toFixed(0)} %`];
  const lag = entry.apply_lag_seconds;
  fillFigures(parts.figures, isPrimary ? [cpu, ["embeds", "never"]] : [
    cpu,
    ["pictures a second", said(entry.pictures_per_second)],
    ["apply lag", lag === null ? "–" : `${said(lag, 0)} s`],
    ["sessions busy", entry.sessions === null ? "–" : `${entry.busy} of ${entry.sessions}`],
  ]);
  const canResume = entry.state === "PAUSED" && !entry.reason.includes("adgfleet ");
  const reasons = [entry.reason, canResume ? `go on: adgfleet resume ${entry.name}` : "", entry.cpu_problem].filter(Boolean);
  put(parts.reason, reasons.join(" — "));
  parts.reason.hidden = reasons.length === 0;
  const advice = entry.last_error_advice && !entry.last_error.includes(entry.last_error_advice) ? ` What to do: ${entry.last_error_advice}` : "";
  put(parts.error, entry.last_error ? `Last error: ${entry.last_error}${advice}` : "");
  parts.error.hidden = !entry.last_error;
  if (states.has(entry.name) && states.get(entry.name) !== entry.state) {
    put(element("said"), `${entry.name} is ${entry.state.toLowerCase()}`);
  }
  states.set(entry.name, entry.state);
}

function showCards() {
  const names = new Set(fleet.databases.map((entry) => entry.name));
  for (const [name, parts] of cards) {
    if (!names.has(name)) {
      parts.item.remove();
      cards.delete(name);
    }
  }
  fleet.databases.forEach(showCard);
}

function showCharts() {
  const names = (fleet?.databases ?? []).map((entry) => entry.name);
  const times = points.map((point) => point.at);
  const seriesOf = (field, wanted) =>
    wanted.map((name) => ({ name, className: colourOf(name), values: points.map((point) => point[field][name] ?? null) }));
  cpuChart.update(times, seriesOf("cpu_percent", names));
  rateChart.update(times, seriesOf("pictures_per_second", names.filter((name) => name !== "primary")));
}

function failureItem(failure) {
  const id = failure.picture.slice(failure.picture.lastIndexOf("/") + 1); // as text: it may have more digits than a number here
  const item = make("li");
  const link = make("a", "thumbnail");
  link.href = failure.picture;
  link.target = "_blank";
  link.rel = "noopener";
  link.setAttribute("aria-label", `Open picture ${id}`);
  const picture = new Image();
  picture.src = failure.picture;
  picture.alt = `Picture ${id}`;
  picture.loading = "lazy";
  picture.addEventListener("error", () => link.replaceChildren("no picture that a browser can show"));
  link.append(picture);
  const facts = make("div");
  const title = make("p");
  title.append(make("b", "", `picture ${id}`), failure.message.startsWith(failure.error) ? "" : ` · ${failure.error}`);
  const message = make("p", "message", failure.message);
  message.title = failure.message;
  const attempts = failure.attempts === 1 ? "once" : `${failure.attempts} times`;
  facts.append(title, message, make("p", "quiet", `tried ${attempts}, last on ${failure.standby}, ${failure.failed_at}`));
  item.append(link, facts);
  return item;
}

function showFailures() {
  const shown = JSON.stringify([fleet.failures, fleet.failures_total, fleet.failures_problem]);
  if (shown === failuresShown) {
    return;
  }
  failuresShown = shown;
  const text = element("failures-text");
  if (fleet.failures_problem) {
    text.textContent = `Not known: ${fleet.failures_problem}`;
  } else if (fleet.failures_total === null) {
    text.textContent = "being looked up";
  } else if (fleet.failures_total === 0) {
    text.textContent = "None: every picture that was tried is embedded.";
  } else {
    const latest = fleet.failures_total > fleet.failures.length ? `, the latest ${fleet.failures.length} below` : "";
    text.replaceChildren(
      `${number.format(fleet.failures_total)} put aside${latest}: each failed although a known-good picture embedded on the same standby. To try them again: `,
      make("code", "", "adgfleet failures retry --all"), " (or ids, or ", make("code", "", "--error CODE"), "), then ", make("code", "", "adgfleet produce"), ".",
    );
  }
  element("failures").replaceChildren(...fleet.failures.map(failureItem));
}

// ---------------------------------------------------------------- the stream

function keep(point) {
  if (point && (points.length === 0 || point.at > points.at(-1).at)) {
    points.push(point);
    points = points.filter((entry) => entry.at > point.at - KEPT_SECONDS);
  }
}

function show(next) {
  fleet = next;
  keep(fleet.point);
  put(element("headline"), headline());
  showNotes();
  showWork();
  showCards();
  showCharts();
  showFailures();
}

function showLive() {
  const live = element("live");
  const silence = (Date.now() - heardAt) / 1000;
  const age = (Date.now() - lookedAt) / 1000;
  const isOn = heardAt > 0 && age < STALE_SECONDS;
  const who = silence < STALE_SECONDS ? "nothing new seen by" : "no answer from";
  const lost = heardAt > 0 ? `${who} this page's server for ${duration(age)}; what you see is old. It is tried again by itself.` : "connecting";
  put(live, isOn ? `live · ${new Date(1000 * fleet.at).toLocaleTimeString("en-GB")}` : lost);
  live.className = `live ${isOn ? "on" : heardAt > 0 ? "off" : ""}`;
}

function open() {
  source?.close();
  source = new EventSource("/api/fleet/events");
  source.addEventListener("history", (event) => {
    points = JSON.parse(event.data).points;
  });
  source.addEventListener("fleet", (event) => {
    heardAt = Date.now();
    const next = JSON.parse(event.data);
    lookedAt = next.at === fleet?.at ? lookedAt : heardAt;
    show(next);
    showLive();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) { // it was refused, so the browser does not try again by itself
      setTimeout(open, REOPEN_MILLISECONDS);
    }
    showLive();
  });
}

async function showFlower() {
  try {
    const hints = await (await fetch("/api/hints")).json();
    const isLocal = (host) => ["127.0.0.1", "localhost", "[::1]", "::1"].includes(host);
    const here = location.hostname;
    const host = hints.flower_address === "0.0.0.0" || hints.flower_address === "::" ? here : hints.flower_address;
    const link = make("a", "", "Flower");
    link.href = `http://${host}:${hints.flower_port}/`;
    link.rel = "noopener";
    const where = isLocal(host) && !isLocal(here) ? ` It listens on its own machine only, at ${host}:${hints.flower_port}.` : "";
    element("flower").replaceChildren(where ? "Flower" : link, ` shows every task, one by one.${where}`);
  } catch {
    // the line stands without a link
  }
}

// A page that is left may be kept for "back": its stream would go on, and a browser opens only six to one server.
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    open();
  }
});
setInterval(showLive, 1000);
showFlower();
open();
