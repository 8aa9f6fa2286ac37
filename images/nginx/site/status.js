// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fills the status page with what others have written into files: how the services are, the last backup, verification and rehearsal.

const REFRESH = 20; // seconds
// The kubelet hands a changed file on within about a minute and a half; what is older than this is not the present state.
const OLD = 300; // seconds
// What runs by a schedule has ended by then, well or not.
const ENDED = 10800; // seconds
// Long after it should have been renewed.
const ENDS = 14; // days
const WORDS = { ready: "ready", starting: "starting", down: "not working", off: "switched off" };

const byId = (id) => document.getElementById(id);

/** The file as an object, or null where nobody has written it. */
async function read(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (answer.status === 204) return null;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Seconds in words: "3 minutes". */
function span(seconds) {
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    const count = Math.floor(seconds / size);
    if (count) return `${count} ${unit}${count > 1 ? "s" : ""}`;
  }
  return "less than a minute";
}

const age = (at) => Math.max(0, (Date.now() - Date.parse(at)) / 1000);
const ago = (at) => `${span(age(at))} ago`;

function setText(element, text) {
  // Only a change is said aloud by a screen reader.
  if (element.textContent !== text) element.textContent = text;
}

function showCertificate(line, until) {
  const days = until ? Math.floor((Date.parse(until) - Date.now()) / 86400000) : NaN;
  const text = days < 0 ? "certificate has ended" : `certificate ends in ${days} day${days === 1 ? "" : "s"}`;
  setText(line, until ? text : "");
  line.classList.toggle("bad", days < 0);
  line.classList.toggle("old", days >= 0 && days < ENDS);
}

function showService(card, known, until, old) {
  const line = card.querySelector(".state");
  const state = known && !old ? known.state : "unknown";
  line.dataset.state = state;
  const words = WORDS[state] ?? (known ? "not known, the last news are old" : "not known");
  setText(line, known?.why && state !== "ready" && state !== "unknown" ? `${words}: ${known.why}` : words);
  const numbers = [];
  if (known) {
    numbers.push(`${known.restarts} restart${known.restarts === 1 ? "" : "s"}`);
    if (known.since) numbers.push(`up for ${span(age(known.since))}`);
    numbers.push(known.image);
  }
  setText(card.querySelector(".live"), numbers.join(" · "));
  // What the pods use; where nobody tells, what they were given.
  showCertificate(card.querySelector(".ends"), known?.certificate_until ?? until);
}

function showSummary(state, old) {
  const services = Object.values(state?.services ?? {});
  const count = (word) => services.filter((each) => each.state === word).length;
  const others = ["down", "starting", "off"].filter(count);
  byId("summary").dataset.state = !state || old ? "unknown" : others.find((word) => word !== "off") ?? "ready";
  setText(byId("summary"), !state ? "How the services are is not known: nobody has written it yet"
    : old ? `How the services are is not known: the last news are of ${ago(state.at)}`
    : others.length ? `${count("ready")} of ${services.length} services are ready, ${others.map((word) => `${count(word)} ${WORDS[word]}`).join(", ")}`
    : `All ${services.length} services are ready`);
}

function fact(name, state, text) {
  byId(name).dataset.state = state;
  setText(byId(name), text);
}

/** Did the latest one by the schedule begin after the last that is known, and is its time over? Times sort as texts. */
const missed = (job, last) => Boolean(job?.begun && job.begun > (last ?? "") && age(job.begun) > ENDED);

function showFacts(state, records, old) {
  showSummary(state, old);
  setText(byId("at"), state ? `seen ${ago(state.at)}` : "");
  byId("at").classList.toggle("old", old);
  showBackup(state?.backup, [state?.backup?.succeeded, records.backup?.at].filter(Boolean).sort().at(-1));
  showRehearsal(state?.rehearsal, records.rehearsal);
  const verify = records.verify;
  fact("verify", !verify ? "unknown" : verify.failed ? "down" : "ready",
    verify ? `${ago(verify.at)}: ${verify.passed} passed, ${verify.failed} failed, ${verify.skipped} not tried` : "none yet");
  setText(byId("kubernetes"), state?.kubernetes ?? "not known");
}

function showBackup(job, last) {
  const failed = missed(job, last);
  fact("backup", failed ? "down" : last ? "ready" : "unknown",
    (last ? ago(last) : "none yet") + (failed ? `; the one by the schedule of ${ago(job.begun)} failed` : ""));
}

function showRehearsal(job, last) {
  const late = last && missed(job, last.at);
  fact("rehearsal", !last ? "unknown" : !last.good ? "down" : late ? "starting" : "ready",
    (last ? `${last.good ? "good" : "failed"}, ${ago(last.at)}` : "none yet")
    + (late ? `; the one by the schedule of ${ago(job.begun)} told nothing` : ""));
}

async function refresh() {
  if (document.hidden) return;
  try {
    const names = ["state", "backup", "verify", "rehearsal"];
    const [table, ...found] = await Promise.all(["/status.json", ...names.map((name) => `/state/${name}.json`)].map(read));
    const [state, backup, verify, rehearsal] = found;
    const old = state !== null && age(state.at) > OLD;
    for (const service of table.services) {
      const card = document.querySelector(`[data-service="${CSS.escape(service.name)}"]`);
      if (card) showService(card, state?.services[service.name], service.certificate_until, old);
    }
    showFacts(state, { backup, verify, rehearsal }, old);
  } catch (error) {
    byId("summary").dataset.state = "unknown";
    setText(byId("summary"), `This page cannot reach the platform (${error.message})`);
  }
}

/** Copy a command; where the browser does not allow it, select it. */
async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    setText(button, "Copied");
  } catch {
    getSelection().selectAllChildren(code);
    setText(button, "Selected");
  }
  setTimeout(() => setText(button, "Copy"), 2000);
}

for (const code of document.querySelectorAll("dd > code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${code.parentElement.previousElementSibling.textContent}`);
  button.addEventListener("click", () => copy(button));
  code.after(button);
}
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH * 1000);
refresh();
