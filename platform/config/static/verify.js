"use strict";
// Sends the clip to the anonymous detector and shows its answer in words.
const form = document.getElementById("verify");
const result = document.getElementById("result");
const WORDS = {
  ours: "Our mark is in this sound.",
  not_found: "No mark of ours was found. That does not mean that the sound is real.",
  inconclusive: "The clip does not allow a statement either way.",
};

function show(kind, heading, text) {
  result.replaceChildren();
  const box = document.createElement("div");
  box.className = kind;
  const strong = document.createElement("strong");
  strong.textContent = heading;
  const line = document.createElement("p");
  line.textContent = text;
  box.append(strong, line);
  result.append(box);
}

async function verify() {
  show("verdict", "Listening…", "A long or damaged clip takes some seconds.");
  const answer = await fetch("/v1/detect", { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": form.csrfmiddlewaretoken.value } });
  const body = await answer.json();
  if (!answer.ok) return show("problem", body.title, body.detail === body.title ? "" : body.detail);
  const layers = body.layers.fired.join(", ") || "none";
  show("verdict", body.verdict.replace("_", " "), `${WORDS[body.verdict]} Layers that fired: ${layers}.`);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  verify().catch(() => show("problem", "No answer", "The server did not answer. Try again in a moment."));
});
