// Files that nobody has to look for: pictures drawn here, a voice and a bill. Owns their making.

import { t } from "../words.js";

export async function sample(kind, index) {
  if (kind === "voice") return file(await (await fetch("/static/playground/voice.ogg")).blob(), "voice.ogg", "audio/ogg");
  if (kind === "document") return file(t("bill_text"), t("bill_name"), "text/plain");
  if (kind === "sticker") return file(await drawn(512, 512, sticker, "image/webp"), "sticker.webp", "image/webp");
  return file(await drawn(1200, 900, (pen) => harbour(pen, index), "image/jpeg"), `harbour-${index + 1}.jpg`, "image/jpeg");
}

const file = (content, name, type) => new File([content], name, { type });

function drawn(width, height, draw, type) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  draw(canvas.getContext("2d"));
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.9));
}

// Morning, noon and evening at the quay.
const SKIES = [
  ["#f7c59f", "#f9e2cf", "#3f7d8c", "#245464"],
  ["#8fcbea", "#e6f4fb", "#2f86a6", "#1b5a75"],
  ["#3b2f5c", "#e0745c", "#2c3a63", "#1a2342"],
];

function harbour(pen, index) {
  const [top, low, sea, deep] = SKIES[index % 3];
  const sky = pen.createLinearGradient(0, 0, 0, 560);
  sky.addColorStop(0, top);
  sky.addColorStop(1, low);
  pen.fillStyle = sky;
  pen.fillRect(0, 0, 1200, 560);
  pen.fillStyle = index === 2 ? "#ffe0b0" : "#fff6e0";
  pen.beginPath();
  pen.arc(860 - index * 210, 220 + index * 60, 64, 0, 7);
  pen.fill();
  pen.fillStyle = `${deep}88`;
  pen.beginPath();
  pen.moveTo(0, 560);
  for (let x = 0; x <= 1200; x += 60) pen.lineTo(x, 500 - 46 * Math.sin(x / 170 + index) - 22 * Math.sin(x / 60));
  pen.lineTo(1200, 560);
  pen.fill();
  const water = pen.createLinearGradient(0, 560, 0, 900);
  water.addColorStop(0, sea);
  water.addColorStop(1, deep);
  pen.fillStyle = water;
  pen.fillRect(0, 560, 1200, 340);
  pen.strokeStyle = "#ffffff2e";
  pen.lineWidth = 4;
  for (let row = 0; row < 9; row++) {
    pen.beginPath();
    for (let x = 0; x <= 1200; x += 12) pen.lineTo(x, 600 + row * 34 + 5 * Math.sin(x / 38 + row * 2));
    pen.stroke();
  }
  for (const [x, y, scale] of [[340, 640, 1], [760, 700, 1.45], [1010, 610, 0.6]]) boat(pen, x, y, scale);
}

function boat(pen, x, y, scale) {
  pen.save();
  pen.translate(x, y);
  pen.scale(scale, scale);
  pen.fillStyle = "#fffaf2";
  pen.beginPath();
  pen.moveTo(8, -190);
  pen.lineTo(8, -22);
  pen.lineTo(104, -22);
  pen.fill();
  pen.fillStyle = "#e4573d";
  pen.beginPath();
  pen.moveTo(-4, -160);
  pen.lineTo(-4, -22);
  pen.lineTo(-70, -22);
  pen.fill();
  pen.fillStyle = "#4a2f27";
  pen.fillRect(-2, -196, 8, 184);
  pen.beginPath();
  pen.moveTo(-96, -12);
  pen.lineTo(122, -12);
  pen.quadraticCurveTo(96, 42, 60, 42);
  pen.lineTo(-52, 42);
  pen.quadraticCurveTo(-84, 36, -96, -12);
  pen.fill();
  pen.restore();
}

function sticker(pen) {
  pen.translate(256, 300);
  pen.scale(1.9, 1.9);
  boat(pen, 0, 40, 1);
}
