"""The half of the extraction that touches hostile bytes. It runs only inside the limited child process.

Imported there as the top-level package ``child``, so that neither ``papers`` nor Django is loaded; its
modules import each other relatively and nothing else of the project.
"""
