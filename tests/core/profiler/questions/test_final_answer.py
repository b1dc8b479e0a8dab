from crossroute.profiler.questions.final_answer import SHORT, find_answers, find_marked, strip_markup

LONG = " word" * (SHORT + 1)


def test_thoughts_emphasis_and_spaces_within_numbers_are_taken_off():
    assert strip_markup("<think>It may be 7.</think>\n**1\u202f250**") == "1250"
    assert strip_markup("<thinking>cut off by the limit of tokens") == ""
    assert strip_markup(r"1{,}250") == "1,250"


def test_a_text_that_runs_on_with_answers_ends_with_the_first():
    assert strip_markup(" Dunmoor\nAnswer: Lorne\nAnswer: Elsby\nAnswer: Gorst") == "Dunmoor"
    assert strip_markup("\nKeld\nAnswer:\nKeld\nAnswer:\nKeld\nAnswer:") == "Keld"
    assert strip_markup("Answer: 3\nAnswer: 4\nAnswer: 5") == "Answer: 3"


def test_steps_that_each_have_an_answer_are_no_run_on():
    steps = "Step 1: 3 + 4\nAnswer: 7\nStep 2: 7 + 1\nAnswer: 8\nStep 3: 8 + 1\nAnswer: 9"
    assert strip_markup(steps) == steps
    assert find_answers(steps) == ("9",)


def test_the_last_mark_that_something_follows_counts():
    assert find_marked("The answer is 7. Checked again, the answer is 8.") == "8."
    assert find_marked("So the answer is:\n\n12 apples\nAnswer:") == "12 apples"
    assert find_marked(r"Hence \boxed{43}") == "{43}"
    assert find_marked("No mark.") == ""


def test_of_a_long_answer_the_last_line_counts_before_the_first():
    assert find_answers(f"Paris.\n{LONG}\nLyon.") == ("Lyon.", "Paris.")
    assert find_answers("Paris.\nIt is in France.") == ("Paris.\nIt is in France.",)
