/* Shows push notifications of campaigns and opens their links. Copy it to the root of your site: a service worker serves
   the pages beside and below it only. */
"use strict";

self.addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data ? event.data.json() : {};
  } catch {
    message = { body: event.data.text() };
  }
  const options = { body: message.body || "", data: { link: message.link || "" }, tag: message.id || undefined };
  if (message.image) options.image = message.image;
  event.waitUntil(self.registration.showNotification(message.title || message.body || "", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const link = (event.notification.data || {}).link;
  if (!/^https?:\/\//.test(link || "")) return;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((open) => {
      const there = open.find((client) => client.url === link);
      return there ? there.focus() : self.clients.openWindow(link);
    })
  );
});
