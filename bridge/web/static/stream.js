// A stream of server-sent events that comes back by itself. Owns reconnecting, and noticing that a line is dead though
// nobody hung up (sleep, changed network). EventSource can neither send a header nor notice that.

const SILENCE = 40_000; // the server writes at least every 15 s
const PAUSES = [150, 300, 600]; // a server that is back is found, and read from, within a second

// `url` is asked again at each connection, so that it can carry the place to go on from.
export function follow(url, { headers = () => ({}), open, event, down, refused }) {
  let closed = false;
  let failures = 0;
  let attempt = null;
  let wake = () => {};

  async function once() {
    attempt = new AbortController();
    let watchdog = setTimeout(() => attempt.abort(), SILENCE);
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => attempt.abort(), SILENCE);
    };
    try {
      const options = { headers: { Accept: "text/event-stream", ...headers() }, cache: "no-store", signal: attempt.signal };
      const response = await fetch(url(), options);
      if (!response.ok || !response.body) {
        if (response.status >= 400 && response.status < 500 && response.status !== 429) refused?.(response.status);
        return;
      }
      failures = 0;
      open?.();
      for await (const found of parsed(response.body, alive)) event(found);
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) reportError(error); // TypeError: the network is out
    } finally {
      clearTimeout(watchdog);
    }
  }

  async function run() {
    while (!closed) {
      await once();
      if (closed) return;
      down?.();
      const long = failures >= 60 ? 5000 : PAUSES[Math.min(failures, PAUSES.length - 1)];
      failures += 1;
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, long * (0.8 + 0.4 * Math.random()));
      });
    }
  }

  const again = () => wake();
  const shown = () => document.visibilityState === "visible" && wake();
  addEventListener("online", again);
  document.addEventListener("visibilitychange", shown);
  run();
  return {
    close() {
      closed = true;
      attempt?.abort();
      wake();
      removeEventListener("online", again);
      document.removeEventListener("visibilitychange", shown);
    },
  };
}

async function* parsed(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const found = { event: "message", id: null, data: [] };
      for (const line of block.split("\n")) {
        const [, name, text] = /^(\w*): ?(.*)$/.exec(line) ?? [];
        if (name === "event" || name === "id") found[name] = text;
        else if (name === "data") found.data.push(text);
      }
      if (found.data.length) yield { event: found.event, id: found.id, data: JSON.parse(found.data.join("\n")) };
    }
  }
}
