"""Hostile and honest programs as data. `hostile` and `honest` hold them; `cages` and `running` run them."""
