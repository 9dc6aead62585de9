// Fills the page's empty elements with pieces of HTML that the server makes of records.
// The server escapes every text; nothing here makes markup of one.

(() => {
  const chat = new URLSearchParams(location.search).get("chat");
  const panels = {};
  let status = { busy: false, text: "connecting" };

  const clipSource = (video) =>
    video.getAttribute("src") ?? video.querySelector("source")?.getAttribute("src");

  /** Carry over what the reader unfolded and the clips that play. */
  function keep(old, fresh) {
    const touched = new Map(
      [...old.querySelectorAll("details[data-touched]")].map((d) => [d.dataset.name, d.open]),
    );
    for (const details of fresh.querySelectorAll("details[data-name]")) {
      if (!touched.has(details.dataset.name)) continue;
      details.open = touched.get(details.dataset.name);
      details.dataset.touched = "";
    }
    const clips = new Map([...old.querySelectorAll("video")].map((v) => [clipSource(v), v]));
    for (const video of fresh.querySelectorAll("video")) {
      const same = clips.get(clipSource(video));
      if (!same) continue;
      clips.delete(clipSource(video));
      video.replaceWith(same);
    }
  }

  /** Make the children of `box` be the pieces, in order, touching only those that changed. */
  function paint(box, { order, html }) {
    const nodes = new Map([...box.children].map((node) => [node.dataset.piece, node]));
    order.forEach((name, index) => {
      let node = nodes.get(name);
      nodes.delete(name);
      if (!node || node.markup !== html[name]) {
        const fresh = document.createElement("div");
        fresh.dataset.piece = name;
        fresh.markup = html[name];
        fresh.innerHTML = html[name];
        if (node) {
          keep(node, fresh);
          node.replaceWith(fresh);
        }
        node = fresh;
        playClips(node);
      }
      if (box.children[index] !== node) box.insertBefore(node, box.children[index] ?? null);
    });
    for (const node of nodes.values()) node.remove();
  }

  function paintPanel(name) {
    const box = document.getElementById(name);
    if (!box || !panels[name]) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    paint(box, panels[name]);
    if (name === "talk" && atEnd) box.scrollTop = box.scrollHeight;
  }

  function paintStatus() {
    const box = document.getElementById("status");
    if (!box) return;
    document.body.classList.toggle("busy", status.busy);
    box.classList.toggle("on", Boolean(status.text));
    if (box.lastElementChild.textContent !== status.text) box.lastElementChild.textContent = status.text;
    const stop = document.getElementById("stop");
    if (stop) stop.disabled = !status.busy;
  }

  function take(changes) {
    for (const [name, { order, html }] of Object.entries(changes.panels)) {
      const before = panels[name]?.html ?? {};
      const now = Object.fromEntries(order.map((key) => [key, html[key] ?? before[key]]));
      panels[name] = { order, html: now };
      paintPanel(name);
    }
    if (status.busy && !changes.status.busy) listRuns();
    status = changes.status;
    paintStatus();
  }

  function follow() {
    const source = new EventSource(`live/${chat}`);
    source.onmessage = (event) => take(JSON.parse(event.data));
    source.onerror = () => {
      status = { ...status, text: "the server does not answer; trying again" };
      paintStatus();
    };
  }

  let words = "";
  async function listRuns(wanted = words) {
    words = wanted;
    const box = document.getElementById("runs");
    if (!box) return;
    const answer = await fetch(`past/${chat}?words=${encodeURIComponent(words)}`);
    if (answer.ok && words === wanted) box.innerHTML = await answer.text();
  }

  async function openRun(name) {
    const box = document.getElementById("past-run");
    const answer = await fetch(`past/${chat}/${encodeURIComponent(name)}`);
    const pieces = answer.ok ? await answer.json() : [["error", "This run is not there any more."]];
    paint(box, { order: pieces.map(([key]) => key), html: Object.fromEntries(pieces) });
    for (const button of document.querySelectorAll("#runs button"))
      button.toggleAttribute("aria-current", button.dataset.run === name);
    box.scrollIntoView({ block: "start", behavior: "smooth" });
  }

  async function deleteRun(name) {
    if (!confirm("Delete this run for good?")) return;
    const answer = await fetch(`past/${chat}/${encodeURIComponent(name)}`, { method: "DELETE" });
    if (!answer.ok) alert((await answer.json()).error);
    const open = document.querySelector("#runs button[aria-current]");
    if (answer.ok && open?.dataset.run === name) document.getElementById("past-run").replaceChildren();
    listRuns();
  }

  document.addEventListener("click", (event) => {
    const summary = event.target.closest?.("summary");
    if (summary) summary.parentElement.dataset.touched = "";
    const button = event.target.closest?.("#runs button[data-run]");
    if (button) openRun(button.dataset.run);
    const gone = event.target.closest?.("#runs button[data-delete]");
    if (gone) deleteRun(gone.dataset.delete);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "words") listRuns(event.target.value);
  });
  // Gradio makes elements when it wants to, also of tabs that are opened for the first time.
  const filled = new WeakSet();
  new MutationObserver(() => {
    for (const name of ["talk", "table", "run", "status", "runs"]) {
      const box = document.getElementById(name);
      if (!box || filled.has(box)) continue;
      filled.add(box);
      if (name === "runs") listRuns();
      else paintPanel(name);
      paintStatus();
    }
  }).observe(document, { childList: true, subtree: true });
  follow();
})();
