"""The report: what the marts say of one artist, or of the whole market, as one page for people who make music."""
