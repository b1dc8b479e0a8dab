from crossroute.profiler.questions.final_answer import SHORT, marked, plain, readings

LONG = " word" * (SHORT + 1)


def test_thoughts_emphasis_and_spaces_within_numbers_are_taken_off():
    assert plain("<think>It may be 7.</think>\n**1\u202f250**") == "1250"
    assert plain("<thinking>cut off by the limit of tokens") == ""
    assert plain(r"1{,}250") == "1,250"


def test_a_text_that_runs_on_with_answers_ends_with_the_first():
    assert plain(" Dunmoor\nAnswer: Lorne\nAnswer: Elsby\nAnswer: Gorst") == "Dunmoor"
    assert plain("\nKeld\nAnswer:\nKeld\nAnswer:\nKeld\nAnswer:") == "Keld"
    assert plain("Answer: 3\nAnswer: 4\nAnswer: 5") == "Answer: 3"


def test_steps_that_each_have_an_answer_are_no_run_on():
    steps = "Step 1: 3 + 4\nAnswer: 7\nStep 2: 7 + 1\nAnswer: 8\nStep 3: 8 + 1\nAnswer: 9"
    assert plain(steps) == steps
    assert readings(steps) == ("9",)


def test_the_last_mark_that_something_follows_counts():
    assert marked("The answer is 7. Checked again, the answer is 8.") == "8."
    assert marked("So the answer is:\n\n12 apples\nAnswer:") == "12 apples"
    assert marked(r"Hence \boxed{43}") == "{43}"
    assert marked("No mark.") == ""


def test_of_a_long_answer_the_last_line_counts_before_the_first():
    assert readings(f"Paris.\n{LONG}\nLyon.") == ("Lyon.", "Paris.")
    assert readings("Paris.\nIt is in France.") == ("Paris.\nIt is in France.",)
