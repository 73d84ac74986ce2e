"""The bench's tables and pictures, as they are put beside the page."""

from pathlib import Path

from watermark.bench import publish


def test_only_the_tables_of_the_run_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "speed.md").write_text("| new |\n")
    page = "a\n<!-- bench:speed -->\n| old |\n<!-- /bench -->\nb\n<!-- bench:nulls -->\n| kept |\n<!-- /bench -->\n"
    made = publish.with_tables(page, tmp_path)
    assert "| old |" not in made
    assert "<!-- bench:speed -->\n| new |\n<!-- /bench -->\nb\n" in made
    assert "| kept |" in made
    assert publish.with_tables(made, tmp_path) == made


def test_every_table_of_the_page_is_one_that_the_bench_makes() -> None:
    import re

    from watermark.bench.__main__ import PARTS

    names = re.findall(r"<!-- bench:(\w+) -->", publish.README.read_text())
    assert set(names) == set(PARTS)


def test_the_picture_shows_every_channel(tmp_path: Path) -> None:
    rows = tmp_path / "channels.csv"
    rows.write_text("channel,seconds,ours\nnone,1.0,True\nnone,1.0,False\nGSM,5.0,True\n")
    found = publish.rates(rows, "ours")
    assert found == {"none": {1.0: 0.5}, "GSM": {5.0: 1.0}}
    image = publish.picture(found, "presence, %")
    assert image.height == 2 * 24 + 2 * 20
