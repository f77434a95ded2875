// The words of the sign-in page and of the page where a password is chosen.

import { learn } from "../words.js";

learn({
  en: {
    sign_in_lead: "No password yet? Ask whoever runs the bridge for a link that works once.",
    link_ready: "This link lets you in once.",
    come_in: "Come in",
    login: "Login",
    password: "Password",
    login_wrong: "This login and this password do not belong together.",
    login_often: "Too many tries. Wait a minute.",
    choose_password: "Choose a password",
    old_password: "The one you have",
    new_password: "The new one",
    new_password_hint: "10 characters or more. A few words are fine.",
    save_password: "Save",
    password_lead: "You stay signed in here; everywhere else you are signed out.",
    password_not_yours: "This is not your password.",
    password_weak: "Choose another: 10 characters or more, not your login, not one key again and again.",
  },
  ru: {
    sign_in_lead: "Пароля ещё нет? Попросите одноразовую ссылку у того, кто ведёт систему.",
    link_ready: "По этой ссылке можно войти один раз.",
    come_in: "Войти",
    login: "Логин",
    password: "Пароль",
    login_wrong: "Такой пары логина и пароля нет.",
    login_often: "Слишком много попыток. Подождите минуту.",
    choose_password: "Выберите пароль",
    old_password: "Нынешний",
    new_password: "Новый",
    new_password_hint: "От 10 знаков. Подойдут несколько слов.",
    save_password: "Сохранить",
    password_lead: "Здесь вы останетесь, на остальных устройствах нужно будет войти снова.",
    password_not_yours: "Это не ваш пароль.",
    password_weak: "Выберите другой: от 10 знаков, без логина и не из одной буквы.",
  },
});
