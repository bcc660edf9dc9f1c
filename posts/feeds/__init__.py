"""RSS 2.0, Atom and JSON Feed of what is public: by category, tag, digest, day and search.

Addresses are a contract (DESIGN §5). An item's identifier never changes, whatever host the site is on.
"""
