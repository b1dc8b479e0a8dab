"""The page of a report: what it says, and that a real browser shows it."""

import re
import shutil
import subprocess
from dataclasses import replace
from html import escape, unescape

import numpy as np
import pytest

from crossroute import Candidate, Outcomes, Pool, Price
from crossroute.data.columns import MEASURES
from crossroute.evaluation import compare
from crossroute.evaluation.page import find_regrets, write_page
from crossroute.metrics.sweep import Sweep
from crossroute.model.prediction import Prediction

PAY = 0.01
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def outcomes():
    price = Price(input=1, output=1)
    rng = np.random.default_rng(0)
    return Outcomes(
        pool=Pool([Candidate(name="small", price=price), Candidate(name="<large>", price=price)]),
        query_ids=tuple(map(str, range(80))),
        texts=tuple(f"<script>alert({i})</script> {'long ' * 200}the end" for i in range(80)),
        tasks=tuple("even" if i % 2 == 0 else "odd" for i in range(80)),
        splits=("test",) * 80,
        **dict.fromkeys(MEASURES, np.full((80, 2), np.nan))
        | {
            "quality": (rng.random((80, 2)) < [0.5, 0.8]).astype(float),
            "cost": np.tile([1e-4, 1e-3], (80, 1)),
        },
    )


@pytest.fixture
def prediction(outcomes):
    return Prediction(outcomes.pool.names, np.tile([0.5, 0.8], (80, 1)), outcomes.cost)


@pytest.fixture
def page(outcomes, prediction, tmp_path):
    report = compare({"CrossRoute": prediction}, outcomes, reference="CrossRoute", resamples=20)
    path = tmp_path / "report.html"
    write_page(
        path, report, "CrossRoute", prediction, outcomes, willingness_to_pay=PAY, about="my-router on <mine>"
    )
    return path


def test_the_page_tells_figures_tasks_and_regrets(page, outcomes, prediction):
    text = page.read_text("utf-8")
    report = compare({"CrossRoute": prediction}, outcomes, resamples=20)
    assert f"<td>{report.routers['CrossRoute'].aiq:.4f}</td>" in text
    assert "<td>even</td>" in text
    assert "<td>odd</td>" in text
    assert "the end</summary>" in text


def test_the_page_says_in_a_sentence_what_the_router_is_worth(page, outcomes, prediction):
    text = page.read_text("utf-8")
    best = compare({"CrossRoute": prediction}, outcomes, resamples=20).candidates["<large>"]
    single = (
        f"&lt;large&gt;, the best single candidate (quality {best.quality:.3f} for USD 1 per 1,000 calls)"
    )
    assert f"Reaches the quality of {single}, at 100% of its cost" in text
    assert "<p>my-router on &lt;mine&gt;</p>" in text


def test_where_the_best_quality_is_not_reached_the_page_says_so(outcomes, prediction, tmp_path):
    cheap = Prediction(prediction.candidates, prediction.quality[:, ::-1], prediction.cost)
    report = compare({"CrossRoute": cheap}, outcomes, resamples=20)
    write_page(tmp_path / "report.html", report, "CrossRoute", cheap, outcomes, willingness_to_pay=PAY)
    text, most = (tmp_path / "report.html").read_text("utf-8"), report.candidates["small"].quality
    assert f"Reaches a quality of {most:.3f} at most, beside &lt;large&gt;" in text
    assert "<b>–</b><span>Cost at best quality</span>" in text


def test_a_query_opens_to_the_whole(page, outcomes):
    text = page.read_text("utf-8")
    opened = re.findall(r"<details><summary>(.*?)</summary><pre>(.*?)</pre></details>", text, flags=re.S)
    whole = {escape(one) for one in outcomes.texts}
    assert opened
    for shown, full in opened:
        assert full in whole
        assert " […] " in shown
        assert len(unescape(shown)) < 420


def test_names_and_queries_are_text_and_no_markup(page):
    text = page.read_text("utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "<large>" not in re.sub(r"<script.*?</script>", "", text, flags=re.S)


def test_nothing_is_loaded_from_elsewhere(page):
    assert not re.search(r"""(src|href|url)[=(]["']?https?:""", page.read_text("utf-8"))


def test_what_is_no_outcome_takes_little(page):
    text = page.read_text("utf-8")
    opened = re.findall(r"<details>.*?</details>", text, flags=re.S)
    assert len(text) - sum(map(len, opened)) < 150_000


def test_regrets_are_the_reward_lost_to_the_best_in_hindsight_worst_first(outcomes, prediction):
    report = compare({"CrossRoute": prediction}, outcomes, resamples=20)
    found = find_regrets(Sweep.of(prediction, outcomes, np.array([PAY])), outcomes, PAY, report.reward)
    lost = [one.regret for one in found]
    assert lost == sorted(lost, reverse=True)
    worst = found[0]
    assert (worst.chosen, worst.best) == ("<large>", "small")
    assert outcomes.quality[worst.row].tolist() == [1, 0]
    assert worst.regret == pytest.approx(np.exp(-1e-4 / PAY))


def test_an_unknown_router_is_refused(outcomes, prediction, tmp_path):
    report = compare({"CrossRoute": prediction}, outcomes, resamples=20)
    with pytest.raises(ValueError, match="one of the routers CrossRoute, got 'other'"):
        write_page(tmp_path / "report.html", report, "other", prediction, outcomes, willingness_to_pay=PAY)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_a_browser_draws_it_without_an_error(page, tmp_path):
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'browser'}"]
    flags += ["--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom"]
    done = subprocess.run(
        [CHROMIUM, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count('<figure class="chart"') == 3


def test_half_a_character_in_a_text_is_written_as_a_question_mark(outcomes, prediction, tmp_path):
    halved = replace(outcomes, texts=tuple(f"{text} \ud83d" for text in outcomes.texts))
    report = compare({"CrossRoute": prediction}, halved, reference="CrossRoute", resamples=20)
    path = tmp_path / "report.html"
    write_page(path, report, "CrossRoute", prediction, halved, willingness_to_pay=PAY)
    assert "the end ?" in path.read_text("utf-8")
