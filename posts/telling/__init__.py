"""Whom we tell what without being asked: chats about days and alarms, subscribers by mail, the ping of a dead man's switch."""
