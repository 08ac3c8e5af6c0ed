"""What runs inside a jail: standard library only, and nothing of étude outside this folder.

A worker starts these files with a bare interpreter that cannot see the rest of the package, so they import each other
relatively and nothing else. What both sides of the jail's wall need (`wire`, `frames`, `order`) lies here, too.
"""
