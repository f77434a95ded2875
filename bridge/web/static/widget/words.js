// The widget's own words: on strangers' pages it must stay small.

const WORDS = {
  en: {
    chat: "Chat",
    open: "Open the chat",
    close: "Close the chat",
    title: "Ask us anything",
    lead: "A person answers here. You may leave and come back.",
    conversation: "Conversation",
    write_here: "Write a message",
    send: "Send",
    attach: "Attach files",
    sound: "Sound",
    newer: "New messages ↓",
    offline: "No connection. What you write is kept and sent as soon as it is back.",
    server_error: ({ status }) => `The server could not do that (${status}).`,
    sending: "sending…",
    sent: "sent",
    delivered: "delivered",
    read: "read",
    not_sent: "Not sent",
    try_again: "Try again",
    edit: "Edit",
    edited: "edited",
    deleted: "This message was taken back.",
    bot: "Bot",
    typing: ({ name }) => `${name} is typing…`,
    upload_waits: "Your message goes out when the files have arrived.",
    remove: ({ name }) => `Remove ${name}`,
    retry: ({ name }) => `Try again: ${name}`,
    ask: "Nobody has answered yet. Leave your e-mail, and the answer will find you there too.",
    ask_away: "Nobody is here right now. Leave your e-mail, and the answer will find you there too.",
    email: "Your e-mail",
    leave: "Save",
    no_thanks: "No, thanks",
    thanks: ({ email }) => `Thank you! We will also write to ${email}.`,
    refused_too_large: "This is too large.",
    refused_too_many: "Too many at once: wait a moment.",
    refused_foreign_origin: "The chat is not set up for this site.",
    refused_identity_expired: "Please reload the page: you have been here for a long time.",
  },
  ru: {
    chat: "Чат",
    open: "Открыть чат",
    close: "Закрыть чат",
    title: "Спросите нас",
    lead: "Здесь отвечает человек. Можно уйти и вернуться позже.",
    conversation: "Переписка",
    write_here: "Напишите сообщение",
    send: "Отправить",
    attach: "Прикрепить файлы",
    sound: "Звук",
    newer: "Новые сообщения ↓",
    offline: "Нет связи. Всё написанное сохранится и уйдёт, как только она появится.",
    server_error: ({ status }) => `Сервер не справился (${status}).`,
    sending: "отправляем…",
    sent: "отправлено",
    delivered: "доставлено",
    read: "прочитано",
    not_sent: "Не отправлено",
    try_again: "Повторить",
    edit: "Изменить",
    edited: "изменено",
    deleted: "Сообщение отозвано.",
    bot: "Бот",
    typing: ({ name }) => `${name} печатает…`,
    upload_waits: "Сообщение уйдёт, как только загрузятся файлы.",
    remove: ({ name }) => `Убрать ${name}`,
    retry: ({ name }) => `Повторить: ${name}`,
    ask: "Вам пока не ответили. Оставьте почту, и ответ придёт ещё и туда.",
    ask_away: "Сейчас никого нет на месте. Оставьте почту, и ответ придёт ещё и туда.",
    email: "Ваша почта",
    leave: "Сохранить",
    no_thanks: "Спасибо, не надо",
    thanks: ({ email }) => `Спасибо! Мы напишем ещё и на ${email}.`,
    refused_too_large: "Это слишком большой файл или текст.",
    refused_too_many: "Слишком часто. Подождите немного.",
    refused_foreign_origin: "На этом сайте чат не подключён.",
    refused_identity_expired: "Обновите, пожалуйста, страницу: вы здесь уже давно.",
  },
};

let chosen = "en";

// The first of these languages that we speak.
export function choose(...codes) {
  chosen = codes.map((code) => String(code ?? "").slice(0, 2).toLowerCase()).find((code) => WORDS[code]) ?? "en";
}

export const language = () => chosen;

export function t(key, slots = {}) {
  const words = WORDS[chosen][key];
  return typeof words === "function" ? words(slots) : words;
}
