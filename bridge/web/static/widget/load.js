// <script src="https://bridge.example/site/shop/widget.js" async></script>: one tag puts the chat on a page, its data-
// attributes become the chat's.

(() => {
  const tag = document.currentScript;
  const home = new URL("../..", tag.src);
  const channel = decodeURIComponent(new URL(tag.src).pathname.split("/").at(-2));

  async function start() {
    await import(new URL("static/widget/chat.js", home).href);
    const chat = document.createElement("bridge-chat");
    Object.assign(chat.dataset, tag.dataset);
    chat.setAttribute("channel", channel);
    (document.querySelector(tag.dataset.in || "body") ?? document.body).append(chat);
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
