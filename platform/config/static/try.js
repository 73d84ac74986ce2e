"use strict";
// A synthesis through the public API with the member's session: request, watch the job, play the sound.
const form = document.getElementById("try");
const statusLine = document.getElementById("status");
const bar = document.getElementById("progress");
const player = document.getElementById("player");

async function call(path, options = {}) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail === body.title ? `${body.title}.` : `${body.title}. ${body.detail}`);
  return body;
}

async function listVoices() {
  const select = form.voice_version;
  for (const voice of (await call("/v1/voices?limit=100")).results) {
    for (const version of (await call(`/v1/voices/${voice.id}/versions?limit=100`)).results) {
      if (version.state !== "ready" && version.state !== "draft") continue;
      select.add(new Option(`${voice.name}, version ${version.number}${version.preview ? " (preview)" : ""}`, version.id));
    }
  }
  if (!select.length) statusLine.textContent = "There is no voice yet. Enrol a speaker first: see the API reference.";
}

async function speak() {
  const use = { purpose: form.purpose.value, channel: form.channel.value, territory: form.territory.value, language: "en", content_class: "general", recipient: "customers" };
  let job = await call("/v1/syntheses", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": form.csrfmiddlewaretoken.value, "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify({ voice_version: form.voice_version.value, text: form.text.value, format: form.format.value, use }),
  });
  bar.hidden = false;
  while (job.state === "queued" || job.state === "running") {
    statusLine.textContent = `${job.state} ${job.stage || ""}`;
    bar.value = job.progress;
    await new Promise((wake) => setTimeout(wake, 300));
    job = await call(`/v1/syntheses/${job.id}`);
  }
  bar.value = 100;
  if (job.state !== "done") throw new Error(job.problem ? job.problem.detail : job.state);
  const sound = `/v1/syntheses/${job.id}/audio`;
  player.src = sound;
  player.hidden = false;
  document.getElementById("after").hidden = false;
  const link = document.getElementById("download");
  link.href = sound;
  link.download = `${job.id}.${form.format.value}`;
  statusLine.textContent = "Done: marked, read back and released.";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  speak().catch((error) => { statusLine.textContent = error.message; });
});
listVoices().catch((error) => { statusLine.textContent = error.message; });
