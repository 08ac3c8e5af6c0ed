"""How each kind of test is asked and decided: one file per kind, each turning exams into outcomes."""
