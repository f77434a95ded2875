// The words of the demo page that are its own.

import { learn } from "../words.js";

learn({
  en: {
    site_form: "Rather write a letter?",
    site_page: "The chat on a page of its own",
    site_how: "How this chat came onto the page",
    site_tag: "One tag, on any site that the channel’s origins name:",
  },
  ru: {
    site_form: "Удобнее написать письмо?",
    site_page: "Чат на отдельной странице",
    site_how: "Как этот чат появился на странице",
    site_tag: "Одна строка на любом сайте, который назван в origins канала:",
  },
});
