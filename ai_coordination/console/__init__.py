"""The console: a web page on which people watch sessions, answer questions and edit blueprints."""
