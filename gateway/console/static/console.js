// The console's page. Everything shown is put in as text: no markup is ever made of data.

const byId = (id) => document.getElementById(id);
const main = byId("main");
const POWERFUL = new Set(["approver", "admin"]);
const REFUSES = new Set(["analyst", "approver", "admin"]);
const STATES = ["receiving", "staged", "inspected", "held", "cleared", "sealed", "delivered",
  "collected", "refused", "abandoned", "purged"];
const MOST_FINDINGS = 200;
let session = null;
let turn = 0;

class Problem extends Error {
  constructor(status, slug, detail) {
    super(detail);
    this.status = status;
    this.slug = slug;
  }
}

// -- what is shown

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const button = (text, act, kind = "") =>
  make("button", { type: "button", class: kind, onclick: guarded(act) }, text);
const moment = (text) =>
  text ? make("time", { datetime: text }, new Date(text).toLocaleString()) : "never";
const may = (roles) => session.roles.some((role) => roles.has(role));

function show(title, ...nodes) {
  turn += 1;
  document.title = `${title} · Lazaretto console`;
  const heading = make("h1", { tabindex: "-1" }, title);
  main.replaceChildren(heading, ...nodes);
  heading.focus();
}

// An answer that comes after the person went on, or signed out, is shown to nobody.
async function present(view) {
  turn += 1;
  const mine = turn;
  const shown = await view;
  if (mine === turn) show(...shown);
}

function say(text) {
  byId("fault").textContent = "";
  byId("notice").textContent = text;
}

function complain(text) {
  byId("notice").textContent = "";
  byId("fault").textContent = text;
}

function dressed() {
  document.querySelector("nav").hidden = !session || session.second_factor.waiting;
  document.querySelector(".who").hidden = !session;
  byId("who").textContent = session ? session.account : "";
  for (const link of document.querySelectorAll("nav a")) {
    if ((location.hash || "#/holds").startsWith(link.hash)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// -- what is asked

async function ask(method, path, data) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    headers["X-CSRF-Token"] = session ? session.csrf : "";
  }
  const body = method === "GET" ? undefined : JSON.stringify(data || {});
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, redirect: "error" });
  } catch {
    throw new Problem(0, "unreachable", "The gateway doesn't answer. Try again.");
  }
  const shown = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const slug = String(shown.type || "").split(":").pop();
    throw new Problem(answer.status, slug, sentence(shown.detail || `error ${answer.status}`));
  }
  if (shown.csrf) session = shown;
  return shown;
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
}

// A request that wants a factor of just now gets one, and is made again.
async function insist(method, path, data) {
  try {
    return await ask(method, path, data);
  } catch (problem) {
    if (problem.slug !== "second-factor-again") throw problem;
    if (vouched()) await afresh();
    if (vouched() || !(await factor("What you want to do needs a second factor of just now."))) {
      throw new Problem(0, "cancelled", "Nothing was changed.");
    }
    return ask(method, path, data);
  }
}

// Whether their second factor is the identity provider's word, and nothing kept here.
const vouched = () => session.method === "oidc" && !session.second_factor.enrolled;

async function afresh() {
  const why = "What you want to do needs a second factor of just now. The identity provider asks for it, and brings you back.";
  if (await sure("Sign in again", why, "Go there")) location.assign("/v1/session/oidc?afresh=1");
}

// Whatever a person starts ends with something shown, and can't be started twice meanwhile.
function guarded(act) {
  return async (event) => {
    event.preventDefault();
    const pressed = event.submitter || event.currentTarget;
    say("");
    pressed.disabled = true;
    try {
      await act(event);
    } catch (problem) {
      failed(problem);
    } finally {
      pressed.disabled = false;
      // A dialog gives the focus back to what opened it, which couldn't take it meanwhile.
      if (document.activeElement === document.body && pressed.isConnected) pressed.focus();
    }
  };
}

function failed(problem) {
  if (problem.slug === "sign-in" && session) {
    session = null;
    signIn();
    return complain("Your session has ended. Sign in again.");
  }
  if (problem.slug === "second-factor" && session && session.second_factor.waiting) {
    return begin();
  }
  const cancelled = problem.name === "NotAllowedError" || problem.name === "AbortError";
  return complain(cancelled ? "No passkey was used." : problem.message);
}

// -- passkeys

async function passkey(path) {
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) {
    throw new Problem(0, "passkey", "This browser is too old for passkeys.");
  }
  const options = await ask("POST", `${path}/options`);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  const credential = await navigator.credentials.get({ publicKey });
  return ask("POST", path, credential.toJSON());
}

// -- signing in

function signIn() {
  dressed();
  show("Sign in", byId("sign-in").content.cloneNode(true));
  byId("by-password").addEventListener("submit", guarded(byPassword));
  byId("by-passkey").addEventListener("click", guarded(async () => {
    await passkey("/v1/session/passkey");
    await begin();
  }));
}

async function byPassword() {
  const account = byId("account").value.trim();
  try {
    await ask("POST", "/v1/session/password", { account, password: byId("password").value });
  } catch (problem) {
    byId("password").value = "";
    if (problem.slug !== "sign-in-refused") throw problem;
    throw new Problem(401, "refused", "That account and password don't belong together, or may not sign in from here.");
  }
  await begin();
}

async function begin() {
  dressed();
  if (!session.second_factor.waiting) return route();
  if (vouched()) {
    return show("A second factor is missing", make("p", {},
      "Your role needs a second factor, and the identity provider didn't say that it asked for one. "),
      make("a", { class: "button", href: "/v1/session/oidc?afresh=1" }, "Sign in again"));
  }
  if (!session.second_factor.enrolled) {
    return show("A second factor is missing", make("p", {},
      "Your role needs a second factor, and your account has none. An administrator gives you one: ",
      make("code", {}, `lazaretto account totp enrol ${session.account}`)));
  }
  show("Prove your second factor", make("p", {}, button("Prove it", waiting, "main")));
  return waiting();
}

async function waiting() {
  if (await factor("Your account has a second factor.")) await begin();
}

// True once one is proven, false if the person gave up.
function factor(why) {
  const dialog = byId("factor");
  const form = dialog.querySelector("form");
  byId("factor-why").textContent = why;
  byId("factor-fault").textContent = "";
  byId("code").value = "";
  dialog.showModal();
  byId("code").focus();
  return new Promise((settle) => {
    const over = new AbortController();
    const end = (proven) => {
      over.abort();
      dialog.close();
      settle(proven);
    };
    const attempt = (act) => async (event) => {
      event.preventDefault();
      byId("factor-fault").textContent = "";
      try {
        await act();
        end(true);
      } catch (problem) {
        if (problem.slug === "sign-in") {
          end(false);
          return failed(problem);
        }
        const wrong = problem.slug === "sign-in-refused";
        byId("factor-fault").textContent = wrong ? "That code is wrong, or was used before." :
          problem instanceof Problem ? problem.message : "No passkey was used.";
        byId("code").select();
      }
    };
    const on = (node, kind, act) => node.addEventListener(kind, act, { signal: over.signal });
    on(form, "submit", attempt(() =>
      ask("POST", "/v1/session/factor/code", { code: byId("code").value.trim() })));
    on(byId("factor-passkey"), "click", attempt(() => passkey("/v1/session/factor/passkey")));
    on(byId("factor-cancel"), "click", () => end(false));
    on(dialog, "cancel", () => end(false));
  });
}

function sure(title, why, yes) {
  const dialog = byId("sure");
  byId("sure-title").textContent = title;
  byId("sure-why").textContent = why;
  byId("sure-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((settle) => {
    dialog.addEventListener("close", () => settle(dialog.returnValue === "yes"), { once: true });
  });
}

async function signOut() {
  await ask("DELETE", "/v1/session");
  session = null;
  location.hash = "";
  signIn();
  say("You are signed out.");
}

// -- held files and transfers

async function holds() {
  const { holds: held } = await ask("GET", "/v1/holds?limit=200");
  return ["Held files", held.length ? listed(held) :
    make("p", { class: "quiet" }, "Nothing is held.")];
}

async function transfers(query) {
  const state = STATES.includes(query) ? query : "";
  const { transfers: found } =
    await ask("GET", `/v1/transfers?limit=50${state ? `&state=${state}` : ""}`);
  const choice = make("select", { id: "state" },
    make("option", { value: "" }, "any"), ...STATES.map((one) => make("option", {}, one)));
  choice.value = state;
  choice.addEventListener("change", () => {
    location.hash = `#/transfers${choice.value ? `?${choice.value}` : ""}`;
  });
  return ["Transfers",
    make("p", { class: "row" }, make("label", { for: "state" }, "State"), choice),
    found.length ? listed(found) : make("p", { class: "quiet" }, "There are none."),
    found.length === 50 ? make("p", { class: "quiet" }, "The newest 50.") : ""];
}

function listed(found) {
  return make("ul", { class: "list" }, ...found.map((one) => make("li", {},
    make("p", {}, make("a", { href: `#/transfers/${one.transfer}` }, one.transfer),
      ` ${one.state}${one.legal_hold ? ", legal hold" : ""}`),
    make("p", {}, `${one.sender} to ${one.recipient} by ${one.route}, ${size(one.size)}, ` +
      `${one.format || "format unknown"}, `, moment(one.created)),
    one.reasons.length ? make("p", { class: "quiet" }, sentence(one.reasons[0]),
      one.reasons.length > 1 ? ` And ${one.reasons.length - 1} more.` : "") : null)));
}

function size(bytes) {
  if (bytes === null || bytes === undefined) return "size unknown";
  return bytes < 10240 ? `${bytes} bytes` : bytes < 10485760 ? `${Math.round(bytes / 1024)} KiB` :
    `${Math.round(bytes / 1048576)} MiB`;
}

async function transfer(id) {
  const path = `/v1/transfers/${encodeURIComponent(id)}`;
  const [one, story] = await Promise.all([ask("GET", path), ask("GET", `${path}/events`)]);
  return [`Transfer ${one.transfer}`,
    facts(one),
    one.reasons.length ? make("section", {}, make("h2", {}, "Why"),
      make("ul", {}, ...one.reasons.map((reason) => make("li", {}, sentence(reason))))) : "",
    found(one.report),
    one.state === "held" && may(REFUSES) ? decision(one) : "",
    may(POWERFUL) && one.state !== "purged" ? legal(one, path) : "",
    make("h2", {}, "What happened"),
    table("Its events on the log", ["when", "what", "by"], story.events.map((event) =>
      [moment(event.time), event.kind, event.actor]))];
}

function facts(one) {
  const shown = [["State", one.state + (one.legal_hold ? ", on legal hold" : "")],
    ["From", `${one.sender} (${one.account})`], ["To", one.recipient], ["Route", one.route],
    ["Size", size(one.size)], ["Format", one.format || "unknown"], ["Came", moment(one.created)],
    ["SHA-256", make("code", {}, one.sha256 || "unknown")]];
  return make("dl", {}, ...shown.flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", {}, value)]));
}

function found(report) {
  if (!report) return "";
  const obstacles = report.uninspectable || [];
  const unexpected = (report.findings || []).filter((one) => !one.expected);
  const place = (one) => [one.member_place, one.where].filter(Boolean).join(" ");
  const parts = [make("h2", {}, "What was found")];
  if (obstacles.length) {
    parts.push(table("Not inspected", ["why", "detail", "place"], obstacles.map((one) =>
      [one.obstacle, one.detail, place(one)])));
  }
  if (unexpected.length) {
    parts.push(table("Not expected on this route", ["category", "place", "found by", "confidence"],
      unexpected.slice(0, MOST_FINDINGS).map((one) =>
        [one.category, place(one), one.detector, `${one.confidence} %`])));
  }
  if (unexpected.length > MOST_FINDINGS) {
    parts.push(make("p", {}, `And ${unexpected.length - MOST_FINDINGS} more.`));
  }
  if (!obstacles.length && !unexpected.length) parts.push(make("p", {}, "Nothing unexpected."));
  return make("section", {}, ...parts);
}

function table(caption, headings, rows) {
  if (!rows.length) return "";
  return make("div", { class: "wide", role: "region", tabindex: "0", "aria-label": caption },
    make("table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...headings.map((one) => make("th", { scope: "col" }, one)))),
      make("tbody", {}, ...rows.map((row) =>
        make("tr", {}, ...row.map((cell) => make("td", {}, cell ?? "")))))));
}

// A form that asks for a reason, and a button for each thing that can be done with it.
function reasoned(title, id, label, ...deeds) {
  const field = make("textarea", { id, rows: "3", maxlength: "400", required: "",
    "aria-describedby": `${id}-note` });
  const form = make("form", { class: "card" }, make("label", { for: id }, label), field,
    make("p", { id: `${id}-note`, class: "quiet" },
      "It goes on the log for good: name nobody, and quote nothing from the file."),
    make("div", { class: "row" }, ...deeds.map(([text, kind, act]) =>
      make("button", { value: text, class: kind }, text))));
  form.addEventListener("submit", guarded(async (event) => {
    const [, , act] = deeds.find(([text]) => text === event.submitter.value);
    await act(field.value.trim());
  }));
  return make("section", {}, make("h2", {}, title), form);
}

function decision(one) {
  const decide = (word, title, why, yes) => async (reason) => {
    if (!(await sure(title, why, yes))) return;
    await insist("POST", `/v1/holds/${encodeURIComponent(one.transfer)}/${word}`, { reason });
    location.hash = "#/holds";
    await present(holds());
    say(`${one.transfer} is ${word}d.`);
  };
  const release = ["Release", "main", decide("release", "Release this file?",
    `It is sealed for ${one.recipient} and delivered. That can't be undone.`, "Release")];
  const refuse = ["Refuse", "bad", decide("refuse", "Refuse this file?",
    `It never reaches ${one.recipient}, and ${one.sender} reads your reason.`, "Refuse")];
  return reasoned("Decide", "decision", "Reason for the decision",
    ...(may(POWERFUL) ? [release] : []), refuse);
}

function legal(one, path) {
  const deed = (word) => async (reason) => {
    await insist("POST", `${path}/${word}`, { reason });
    await present(transfer(one.transfer));
    say(word === "legal-hold" ? "It is on legal hold." : "It is on legal hold no more.");
  };
  return reasoned("Legal hold", "legal", "Reason for the change", one.legal_hold ?
    ["Let retention go on", "", deed("legal-release")] :
    ["Keep it from being purged", "", deed("legal-hold")]);
}

// -- one's own

async function account() {
  const [kept, app, open] = await Promise.all([
    ask("GET", "/v1/passkeys"), ask("GET", "/v1/totp"), ask("GET", "/v1/sessions")]);
  return ["Your account",
    make("p", {}, `You are ${session.account}: ${session.roles.join(", ")}.`),
    passkeys(kept.passkeys), codes(app), sessions(open.sessions)];
}

const again = async (text) => {
  await present(account());
  say(text);
};

function passkeys(kept) {
  const name = make("input", { id: "passkey-name", maxlength: "60", autocomplete: "off" });
  const form = make("form", { class: "card" },
    make("label", { for: "passkey-name" }, "Name of the new passkey"), name,
    make("button", {}, "Add a passkey"));
  form.addEventListener("submit", guarded(async () => {
    await addPasskey(name.value.trim());
    await again("The passkey is registered.");
  }));
  return make("section", {}, make("h2", {}, "Passkeys"),
    kept.length ? make("ul", { class: "list" }, ...kept.map((one) => make("li", { class: "row" },
      make("span", {}, `${one.name || "without a name"}, added `, moment(one.added), ", used ",
        moment(one.used)),
      labelled(button("Remove", async () => {
        if (!(await sure("Remove this passkey?", "Your other sessions end, and this one if you signed in with it.", "Remove"))) return;
        await insist("DELETE", `/v1/passkeys/${encodeURIComponent(one.fingerprint)}`);
        await again("The passkey is removed.");
      }, "bad"), `Remove ${one.name || one.fingerprint}`)))) :
      make("p", { class: "quiet" }, "You have none."),
    form);
}

function labelled(node, label) {
  node.setAttribute("aria-label", label);
  return node;
}

async function addPasskey(name) {
  if (!window.PublicKeyCredential || !PublicKeyCredential.parseCreationOptionsFromJSON) {
    throw new Problem(0, "passkey", "This browser is too old for passkeys.");
  }
  const options = await own("POST", "/v1/passkeys/options");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  const credential = await navigator.credentials.create({ publicKey });
  await ask("POST", "/v1/passkeys", { name, credential: credential.toJSON() });
}

// One's factors: what is refused for want of a fresh one is tried again with it.
async function own(method, path, data) {
  try {
    return await insist(method, path, data);
  } catch (problem) {
    if (problem.slug !== "second-factor" || !session.second_factor.enrolled) throw problem;
    if (!(await factor("Changing your factors needs one of just now."))) {
      throw new Problem(0, "cancelled", "Nothing was changed.");
    }
    return ask(method, path, data);
  }
}

function codes(app) {
  const parts = app.confirmed ? [
    make("p", {}, `It is set up. ${app.recovery_codes} recovery codes are left.`),
    make("div", { class: "row" },
      button("New recovery codes", async () =>
        shownOnce((await own("POST", "/v1/totp/recovery")).recovery_codes)),
      button("Remove the app", async () => {
        if (!(await sure("Remove the app?", "Its codes and recovery codes stop working, and your other sessions end.", "Remove"))) return;
        await own("DELETE", "/v1/totp");
        await again("The app is removed.");
      }, "bad"))] : [
    make("p", { class: "quiet" }, "It isn't set up."),
    button("Set up an app", async () => enrol(await own("POST", "/v1/totp")))];
  return make("section", {}, make("h2", {}, "App for codes"), ...parts);
}

function enrol({ uri, qr }) {
  const code = make("input", { id: "first-code", inputmode: "numeric", autocomplete: "one-time-code",
    maxlength: "10", required: "" });
  const form = make("form", { class: "card" }, make("label", { for: "first-code" }, "Code that it shows"),
    code, make("button", { class: "main" }, "Confirm"));
  form.addEventListener("submit", guarded(async () => {
    const done = await ask("POST", "/v1/totp/confirm", { code: code.value.trim() });
    shownOnce(done.recovery_codes);
  }));
  show("Set up an app",
    make("p", {}, "Scan this with your app, or type the secret into it."), drawn(qr),
    make("p", {}, "Secret: ", make("code", {}, new URL(uri).searchParams.get("secret"))), form);
}

function drawn(rows) {
  const image = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const edge = rows.length + 8;
  image.setAttribute("viewBox", `0 0 ${edge} ${edge}`);
  image.setAttribute("class", "qr");
  image.setAttribute("role", "img");
  image.setAttribute("aria-label", "QR code of the secret below");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", rows.flatMap((row, y) => [...row].map((cell, x) =>
    cell === "1" ? `M${x + 4} ${y + 4}h1v1h-1z` : "")).join(""));
  image.append(path);
  return image;
}

function shownOnce(recovery) {
  show("Recovery codes",
    make("p", {}, "Each is good once, if your app is lost. They are shown this once: keep them away from it."),
    make("ul", { class: "codes" }, ...recovery.map((one) => make("li", {}, one))),
    button("I have kept them", () => present(account()), "main"));
}

function sessions(open) {
  return make("section", {}, make("h2", {}, "Where you are signed in"),
    make("ul", { class: "list" }, ...open.map((one) => make("li", { class: "row" },
      make("span", {}, `by ${one.method} since `, moment(one.created), ", last seen ",
        moment(one.seen), one.present ? " (here)" : ""),
      one.present ? null : labelled(button("End it", async () => {
        await ask("DELETE", `/v1/sessions/${one.session}`);
        await again("That session has ended.");
      }, "bad"), `End the session of ${new Date(one.created).toLocaleString()}`)))));
}

// -- which of these

async function route() {
  dressed();
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [place, id] = path.split("/");
  if (place === "transfers" && id) return present(transfer(id));
  if (place === "transfers") return present(transfers(query));
  return present(place === "account" ? account() : holds());
}

async function navigated() {
  if (!session || session.second_factor.waiting) return;
  say("");
  try {
    await route();
  } catch (problem) {
    failed(problem);
  }
}

async function start() {
  try {
    await ask("GET", "/v1/session");
    await begin();
  } catch (problem) {
    signIn();
    if (problem.slug !== "sign-in") complain(problem.message);
  }
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // its address would be taken for a place of ours
  main.focus();
});
byId("out").addEventListener("click", guarded(signOut));
window.addEventListener("hashchange", navigated);
start();
