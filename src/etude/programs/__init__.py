"""Program text without running it: parsing, and the form in which equal programs are equal."""
