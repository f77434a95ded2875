// A sheet for the shadow root alone: no page's policy forbids it, nothing leaks. No rem: that is the owner's.

const light = `
  --ground: #fff; --text: #16222c; --quiet: #51606c; --line: #d5dde3; --mine: #1f5f8b; --on-mine: #fff;
  --theirs: #eef2f5; --danger: #a82020; --focus: #0b6bcb; --hot: #b3261e; color-scheme: light;`;
const dark = `
  --ground: #17212a; --text: #e6edf2; --quiet: #a3b2be; --line: #33424e; --mine: #2b6f9f; --on-mine: #fff;
  --theirs: #243240; --danger: #ff9a90; --focus: #7cc0ff; --hot: #c9372c; color-scheme: dark;`;

export const style = `
:host { all: initial !important; display: contents !important; ${light} }
:host([data-theme="dark"]) { ${dark} }
@media (prefers-color-scheme: dark) { :host(:not([data-theme="light"])) { ${dark} } }
:host([data-mode="page"]) { display: block !important; height: 100% !important; }
:host([data-mode="page"]) .chat > * { padding-inline: max(16px, 50% - 400px); }
* { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
.chat, .launcher { font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--text); }
button { font: inherit; min-height: 36px; padding: 4px 12px; color: var(--text); background: var(--theirs); border: 1px solid var(--line); border-radius: 10px; cursor: pointer; }
button.main { background: var(--mine); border-color: var(--mine); color: var(--on-mine); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }

.launcher { position: fixed; z-index: 2147483000; inset: auto 20px 20px auto; width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%; background: var(--mine); color: var(--on-mine); box-shadow: 0 4px 16px #0005; }
.launcher::before { content: ""; display: block; width: 28px; height: 24px; margin: auto; background: currentColor; clip-path: path("M4 0h20a4 4 0 0 1 4 4v10a4 4 0 0 1-4 4H13l-7 6v-6H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z"); }
.badge { position: absolute; inset: -4px -4px auto auto; min-width: 24px; padding: 0 6px; font-size: 13px; line-height: 24px; font-weight: 700; border-radius: 12px; background: var(--hot); color: #fff; }

.chat { position: relative; display: flex; flex-direction: column; height: 100%; min-height: 0; background: var(--ground); overflow: hidden; }
:host(:not([data-mode="page"])) .chat { position: fixed; z-index: 2147483000; inset: auto 20px 92px auto; width: min(400px, calc(100vw - 40px)); height: min(640px, calc(100dvh - 112px)); border: 1px solid var(--line); border-radius: 16px; box-shadow: 0 10px 40px #0005; animation: rise .18s ease-out; }
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }
.top { display: flex; gap: 6px; align-items: flex-start; padding: 12px 10px 12px 18px; background: var(--mine); color: var(--on-mine); }
.top div { flex: 1; min-width: 0; }
h2 { font-size: 17px; }
.top p, .chips li { font-size: 14px; }
.top button { width: 36px; padding: 0; background: none; border-color: transparent; color: inherit; font-size: 20px; line-height: 1; }
.top :focus-visible { outline-color: #fff; outline-offset: -2px; }
.sound::before { content: ""; display: block; width: 18px; height: 20px; margin: auto; background: currentColor; clip-path: path("M9 0a2 2 0 0 1 2 2 6 6 0 0 1 4 6v5l3 3v1H0v-1l3-3V8a6 6 0 0 1 4-6 2 2 0 0 1 2-2zM6 18h6a3 2 0 0 1-6 0z"); }
.sound[aria-pressed="false"] { background: linear-gradient(135deg, #0000 48%, currentColor 48% 52%, #0000 52%); }
.sound[aria-pressed="false"]::before { opacity: .5; }
.log { flex: 1; min-height: 0; overflow-y: auto; padding: 16px; display: flex; flex-direction: column; gap: 4px; overscroll-behavior: contain; }
.log > :first-child { margin-top: auto; }
.log:focus-visible { outline-offset: -3px; }
.line { max-width: min(85%, 600px); align-self: flex-start; }
.line.first, .line.mine, .day { padding-top: 8px; }
.line.mine { align-self: flex-end; text-align: end; }
.day { align-self: center; color: var(--quiet); font-size: 13px; }
.by { display: flex; gap: 8px; align-items: center; font-size: 13px; color: var(--quiet); margin-bottom: 4px; overflow-wrap: anywhere; }
.face { display: inline-grid; place-items: center; flex: none; width: 24px; height: 24px; border-radius: 50%; background: var(--mine); color: var(--on-mine); font-weight: 600; }
.bubble { display: inline-block; max-width: 100%; padding: 8px 12px; border-radius: 14px; background: var(--theirs); text-align: start; }
.mine .bubble { background: var(--mine); color: var(--on-mine); }
.bot .bubble { background: none; border: 1px solid var(--line); }
.unsent .bubble { opacity: .85; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: inherit; }
.file, q { display: block; overflow-wrap: anywhere; }
q { border-inline-start: 3px solid; padding: 0 8px; }
.file img { display: block; max-width: 100%; max-height: 240px; border-radius: 8px; }
.buttons { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 6px; }
.buttons button { min-height: 40px; border-color: var(--mine); background: none; text-align: start; overflow-wrap: anywhere; }
.mark { font-size: 12px; color: var(--quiet); padding: 2px 4px; }
.failed { color: var(--danger); }
.typing { min-height: 22px; padding: 0 18px; font-size: 13px; color: var(--quiet); }
.state, .ask { padding: 10px 16px; font-size: 14px; background: var(--theirs); border-top: 1px solid var(--line); }
.ask form { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
.ask input { flex: 1 1 100%; }
.newer { position: absolute; inset-inline: 0; bottom: 96px; width: max-content; margin: 0 auto; box-shadow: 0 2px 10px #0004; }
.composer { display: flex; flex-wrap: wrap; gap: 8px; align-items: flex-end; padding: 12px; border-top: 1px solid var(--line); }
textarea, input { min-width: 0; min-height: 44px; padding: 10px 12px; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: 10px; }
textarea { flex: 1; resize: none; }
::placeholder { color: var(--quiet); }
.send, .attach { width: 44px; min-height: 44px; padding: 0; font-size: 20px; }
.send { display: grid; place-items: center; background: var(--mine); border-color: var(--mine); color: var(--on-mine); }
.send::before { content: ""; width: 17px; height: 18px; background: currentColor; clip-path: polygon(0 0, 100% 50%, 0 100%, 22% 50%); }
.chips { flex-basis: 100%; display: flex; flex-wrap: wrap; gap: 6px; list-style: none; max-height: 132px; overflow-y: auto; }
.chips:empty { display: none; }
.chips li { display: flex; max-width: 100%; align-items: center; gap: 6px; padding-inline-start: 10px; background: var(--theirs); border-radius: 10px; overflow-wrap: anywhere; }
.chips img { width: 36px; height: 36px; object-fit: cover; border-radius: 8px; }
.chips button { border: 0; background: none; }
progress { width: 64px; accent-color: var(--mine); }
.over { outline: 4px dashed var(--focus); outline-offset: -8px; }

@media (max-width: 480px) {
  :host(:not([data-mode="page"])) .chat { inset: 0; width: 100%; height: 100dvh; border: 0; border-radius: 0; }
  :host([shown]) .launcher { display: none; }
  .top button, .buttons button, .ask button, .mark button, .chips button { min-width: 44px; min-height: 44px; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } }
`;
