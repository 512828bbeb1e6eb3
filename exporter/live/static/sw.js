// The page opens without a network, and then says that it has no numbers: only its own files are kept, never a number.
"use strict";

const FOLDER = "{{assets}}/";
const SHELL = new URL("../live", self.location).href;
const ASSETS = new URL(FOLDER, self.location).href;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(FOLDER).then((cache) => cache.add(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== FOLDER).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});

async function kept(request) {
  const cache = await caches.open(FOLDER);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

async function freshest(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const found = await caches.match(SHELL);
    if (found) return found;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.url.startsWith(ASSETS)) event.respondWith(kept(request));
  else if (request.mode === "navigate" && request.url.split(/[?#]/)[0] === SHELL) event.respondWith(freshest(request));
});
