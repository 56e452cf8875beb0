/* Subscribes a browser to push notifications. No dependencies.

   <script src="…/web-push.js"></script>
   CampaignPush.subscribe({
     publicKey: "…",                      // shown on the connection's page
     worker: "/service-worker.js",        // your copy of service-worker.js
     console: "https://console.example", key: "…", person: "42", signature: "…",   // as for the displayed messages
   });

   Instead of the last line, `save: (device) => …` gets {kind, token, keys}: what POST /api/v1/people/{external_id}/devices
   takes. That call is your server's: the API's key does not belong into a page. Call it from a button; browsers refuse to
   ask people who have not clicked. */
"use strict";

window.CampaignPush = {
  supported: () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window,

  async subscribe({ publicKey, worker, save, console, key: site, person, signature }) {
    if (!this.supported()) return { subscribed: false, reason: "This browser has no push notifications." };
    if ((await Notification.requestPermission()) !== "granted") {
      return { subscribed: false, reason: "The person does not want notifications." };
    }
    const registration = await navigator.serviceWorker.register(worker);
    await navigator.serviceWorker.ready;
    const key = this.bytes(publicKey);
    let subscription = await registration.pushManager.getSubscription();
    if (subscription && !this.same(subscription.options.applicationServerKey, key)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    subscription =
      subscription ||
      (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
    const device = this.device(subscription);
    await (save ? save(device) : this.register(console, site, { person, signature, device }));
    return { subscribed: true };
  },

  async register(console, site, body) {
    const address = `${console.replace(/\/$/, "")}/displayed/${encodeURIComponent(site)}/devices/`;
    const answer = await fetch(address, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`The console refuses the device (HTTP ${answer.status}).`);
  },

  device(subscription) {
    const { endpoint, keys } = subscription.toJSON();
    return { kind: "web_push", token: endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } };
  },

  bytes(text) {
    const padded = text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
    return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0));
  },

  same(buffer, bytes) {
    const known = new Uint8Array(buffer || []);
    return known.length === bytes.length && known.every((value, index) => value === bytes[index]);
  },
};
