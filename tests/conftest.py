"""Its being here puts `tests/` on the import path, so that every test can say `from virtual import run_virtual`."""
