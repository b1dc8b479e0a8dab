from tests.support.changed import affected_tests

FILES = {
    "core/crossroute/reward.py": "",
    "core/crossroute/routing/router.py": '"""Route.\n\n>>> 1 + 1\n2\n"""\n',
    "langchain_crossroute/pool.py": "",
    "tests/core/test_reward.py": "import math\n",
    "tests/core/routing/test_router.py": "from crossroute import Router\n",
    "tests/core/routing/test_policy.py": "from crossroute import reward\n",
    "tests/core/test_sweep.py": "from crossroute.reward import best\n",
    "tests/core/conftest.py": "",
    "tests/langchain_crossroute/test_pool.py": "from tests.support.wire import WireServer\n",
    "tests/support/wire.py": "",
}


def selected(folder, *changed):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return affected_tests(changed, folder)


def test_a_modules_own_test_and_those_that_import_it_are_listed(tmp_path):
    assert selected(tmp_path, "core/crossroute/reward.py") == [
        "tests/core/routing/test_policy.py",
        "tests/core/test_reward.py",
        "tests/core/test_sweep.py",
    ]
    assert selected(tmp_path, "langchain_crossroute/pool.py") == ["tests/langchain_crossroute/test_pool.py"]


def test_a_module_with_doctests_is_listed_itself(tmp_path):
    assert selected(tmp_path, "core/crossroute/routing/router.py") == [
        "core/crossroute/routing/router.py",
        "tests/core/routing/test_router.py",
    ]


def test_a_conftest_stands_for_its_folder_and_a_support_module_for_its_importers(tmp_path):
    assert len(selected(tmp_path, "tests/core/conftest.py")) == 4
    assert selected(tmp_path, "tests/support/wire.py") == ["tests/langchain_crossroute/test_pool.py"]


def test_a_changed_test_is_listed_and_what_is_no_python_or_gone_is_not(tmp_path):
    assert selected(tmp_path, "tests/core/test_sweep.py", "README.md") == ["tests/core/test_sweep.py"]
    assert selected(tmp_path, "core/crossroute/gone.py", "tests/core/test_gone.py") == []
