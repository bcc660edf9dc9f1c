"""The public pages: they read through `public()`, and touch no session, no user, no CSRF token."""
