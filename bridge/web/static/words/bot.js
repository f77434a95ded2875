// What agents read of the bot's work: who the contact says he is, and what he proposes.

import { learn } from "../words.js";

learn({
  en: {
    event_introduced: ({ name, email }) => `The customer is ${[name, email].filter(Boolean).join(", ")}`,
    event_proposed: ({ number, title }) => `Wish #${number}, for you to accept or decline: ${title}`,
    event_helped: "The bot's answer has helped: resolved",
    wish_proposed: "proposed",
  },
  ru: {
    event_introduced: ({ name, email }) => `Клиент: ${[name, email].filter(Boolean).join(", ")}`,
    event_proposed: ({ number, title }) => `Пожелание № ${number}, примите или отклоните: ${title}`,
    event_helped: "Ответ бота помог: диалог решён",
    wish_proposed: "предложено",
  },
});
