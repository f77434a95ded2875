"""The customers' bot on Telegram: updates by webhook or by asking, answers, files, health."""
