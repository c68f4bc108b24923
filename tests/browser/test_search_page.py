"""The search page as a person uses it, in a real browser over emulated standbys."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from emulator.cluster import Cluster
from tests.fix_browser import (
    PHONE,
    WIDE,
    errors_on_console,
    hosts_asked,
    look,
    problems_of,
    screenshot,
    wait,
)
from tests.fix_search import HTML_ID, Collection


def ids(browser: webdriver.Chrome) -> list[int]:
    script = "return [...document.querySelectorAll('.card .number')].map((entry) => entry.textContent)"
    return [int(text.split()[-1]) for text in browser.execute_script(script)]


def note(browser: webdriver.Chrome) -> str:
    return str(browser.execute_script("const n = document.getElementById('note'); return n.hidden ? '' : n.innerText"))


def open_page(browser: webdriver.Chrome, address: str) -> None:
    browser.get(address)
    wait(browser, lambda page: page.find_elements(By.CSS_SELECTOR, "#chips button"))


def type_text(browser: webdriver.Chrome, text: str) -> None:
    field = browser.find_element(By.ID, "text")
    field.clear()
    field.send_keys(text, Keys.ENTER)


def settle(browser: webdriver.Chrome) -> None:
    """Wait until no search is running and all pictures in sight are there."""
    script = (
        "return !document.body.classList.contains('waiting') && document.getElementById('ready').textContent !== '' && "
        "[...document.images].every((image) => image.loading === 'lazy' || image.complete)"
    )
    wait(browser, lambda page: page.execute_script(script))


def test_blue_birds_are_found_and_nobody_else_is_asked(
    browser: webdriver.Chrome, search_page: str, collection: Collection
) -> None:
    birds = collection.ids_of("blue", "bird")
    open_page(browser, search_page)
    type_text(browser, "a blue bird")
    wait(browser, ids)
    assert set(ids(browser)[: len(birds)]) == birds
    settle(browser)
    assert "answered by sby" in browser.find_element(By.ID, "about").text
    assert browser.current_url.endswith("/?q=a%20blue%20bird")
    browser.get(f"{search_page}/api")
    assert "GET /api/search" in browser.find_element(By.TAG_NAME, "main").text
    assert hosts_asked(browser) == {urlsplit(search_page).netloc}
    assert errors_on_console(browser) == []


def test_an_example_is_clicked_and_more_is_shown(browser: webdriver.Chrome, search_page: str) -> None:
    open_page(browser, search_page)
    browser.find_element(By.CSS_SELECTOR, "#chips button").click()
    wait(browser, lambda page: len(ids(page)) == 24)
    browser.find_element(By.ID, "more").click()
    wait(browser, lambda page: len(ids(page)) == 48)
    browser.find_element(By.ID, "more").click()
    wait(browser, lambda page: len(ids(page)) == 61)
    assert len(set(ids(browser))) == 61
    assert not browser.find_element(By.ID, "more").is_displayed()


def test_more_like_this_and_back(browser: webdriver.Chrome, search_page: str, collection: Collection) -> None:
    birds = collection.ids_of("blue", "bird")
    open_page(browser, f"{search_page}/?q=a+blue+bird")
    wait(browser, ids)
    first = ids(browser)[0]
    browser.find_element(By.CSS_SELECTOR, ".card .like").click()
    wait(browser, lambda page: f"like={first}" in page.current_url and set(ids(page)[:3]) == birds - {first})
    assert first not in ids(browser)
    browser.back()
    wait(browser, lambda page: ids(page)[:1] == [first])
    assert browser.find_element(By.ID, "text").get_attribute("value") == "a blue bird"


def test_a_picture_is_searched_by(browser: webdriver.Chrome, search_page: str, collection: Collection) -> None:
    bird = collection.file_of("blue", "bird")
    open_page(browser, search_page)
    browser.find_element(By.ID, "file").send_keys(str(bird.path))
    wait(browser, ids)
    assert ids(browser)[0] == bird.id
    settle(browser)
    assert browser.find_element(By.CSS_SELECTOR, "#about img").get_attribute("src").startswith("blob:")
    assert errors_on_console(browser) == []
    screenshot(browser, "search-by-picture")


def test_a_dropped_picture_is_searched_by(browser: webdriver.Chrome, search_page: str, collection: Collection) -> None:
    bird = collection.file_of("blue", "bird")
    open_page(browser, search_page)
    drop = """
      const done = arguments[arguments.length - 1];
      fetch(arguments[0]).then((answer) => answer.blob()).then((blob) => {
        const carried = new DataTransfer();
        carried.items.add(new File([blob], "bird.jpg", {type: "image/jpeg"}));
        for (const kind of ["dragenter", "dragover", "drop"]) {
          document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
        }
        done();
      });"""
    browser.execute_async_script(drop, f"{search_page}/api/pictures/{bird.id}")
    wait(browser, ids)
    assert ids(browser)[0] == bird.id


def test_an_empty_text_asks_for_words(browser: webdriver.Chrome, search_page: str) -> None:
    open_page(browser, search_page)
    type_text(browser, "   ")
    wait(browser, lambda page: "Type what the pictures should show" in note(page))
    assert ids(browser) == []
    screenshot(browser, "search-empty-text")


def test_an_unknown_word_is_said_to_have_no_good_match(browser: webdriver.Chrome, search_page: str) -> None:
    open_page(browser, search_page)
    type_text(browser, "qwertz")
    wait(browser, lambda page: "No good match for “qwertz”" in note(page))
    assert ids(browser)
    settle(browser)
    screenshot(browser, "search-no-good-match")
    type_text(browser, "a blue bird")
    wait(browser, lambda page: note(page) == "")


@pytest.mark.parametrize(
    "text",
    [
        "<script>document.title='owned'</script>",
        "<img src=x onerror=document.title='owned'>",
        "'\"; drop table pictures --",
    ],
)
def test_a_malicious_text_is_only_a_text(browser: webdriver.Chrome, search_page: str, text: str) -> None:
    open_page(browser, search_page)
    type_text(browser, text)
    wait(browser, ids)
    settle(browser)
    assert text[:20] in browser.find_element(By.ID, "about").text
    assert "owned" not in str(browser.execute_script("return document.title")).replace(text, "")
    assert browser.find_elements(By.CSS_SELECTOR, "main script, #about img, #note img") == []
    assert errors_on_console(browser) == []


def test_emoji_and_ten_thousand_characters(browser: webdriver.Chrome, search_page: str) -> None:
    open_page(browser, search_page)
    browser.execute_script(
        "document.getElementById('text').value = '🐦💙'; document.getElementById('form').requestSubmit()"
    )
    wait(browser, lambda page: "🐦💙" in page.find_element(By.ID, "about").text)
    browser.execute_script(
        "document.getElementById('text').value = 'bird '.repeat(2000); document.getElementById('form').requestSubmit()"
    )
    wait(browser, lambda page: "too long" in note(page))
    browser.get(f"{search_page}/?q={'x' * 10_000}")
    wait(browser, lambda page: "at most 4000" in note(page))


def test_fifty_megabytes_are_refused(browser: webdriver.Chrome, search_page: str, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(50_000_000)
    open_page(browser, search_page)
    browser.find_element(By.ID, "file").send_keys(str(large))
    wait(browser, lambda page: "50 MB; 20 MB are the most" in note(page))
    assert ids(browser) == []


def test_a_file_that_is_no_picture_is_refused(browser: webdriver.Chrome, search_page: str, tmp_path: Path) -> None:
    page = tmp_path / "page.jpg"
    page.write_text("<html>not a picture</html>", encoding="utf-8")
    open_page(browser, search_page)
    browser.find_element(By.ID, "file").send_keys(str(page))
    wait(browser, lambda browser: "The file is no picture" in note(browser))
    assert errors_on_console(browser, allowed=("422",)) == []


def test_html_bytes_are_never_a_page(browser: webdriver.Chrome, search_page: str) -> None:
    open_page(browser, f"{search_page}/?like=1")
    wait(browser, lambda page: HTML_ID in ids(page))
    wait(browser, lambda page: "is no picture that a browser can show" in page.find_element(By.ID, "grid").text)
    assert browser.title != "owned"
    browser.execute_script("window.open(arguments[0])", f"{search_page}/api/pictures/{HTML_ID}")
    titles = []
    for handle in browser.window_handles:
        browser.switch_to.window(handle)
        titles.append(browser.title)
        assert "not a picture" not in browser.find_element(By.TAG_NAME, "body").text
    assert "owned" not in titles
    for handle in browser.window_handles[1:]:
        browser.switch_to.window(handle)
        browser.close()
    browser.switch_to.window(browser.window_handles[0])


def test_keys_do_everything(browser: webdriver.Chrome, search_page: str) -> None:
    open_page(browser, f"{search_page}/?q=a+blue+bird")
    wait(browser, ids)
    body = browser.find_element(By.TAG_NAME, "body")
    browser.execute_script("document.activeElement.blur()")
    body.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "text"
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    second = ids(browser)[1]
    assert f"Open picture {second}," in browser.switch_to.active_element.get_attribute("aria-label")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    wait(browser, lambda page: f"Picture {second} " in page.find_element(By.ID, "view-facts").text)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    wait(browser, lambda page: f"Picture {ids(page)[2]} " in page.find_element(By.ID, "view-facts").text)
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait(browser, lambda page: not page.find_element(By.ID, "view").is_displayed())
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.switch_to.active_element.get_attribute("id") == "text"
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait(browser, lambda page: ids(page) == [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nobody_is_shut_out(browser: webdriver.Chrome, search_page: str, size: tuple[int, int], dark: bool) -> None:
    name = f"{'phone' if size == PHONE else 'wide'}-{'dark' if dark else 'light'}"
    look(browser, size, dark=dark)
    problems: list[str] = []

    def check(what: str) -> None:
        settle(browser)
        screenshot(browser, f"{what}-{name}")
        problems.extend(f"{what}: {problem}" for problem in problems_of(browser))

    open_page(browser, search_page)
    check("search-start")
    type_text(browser, "a blue bird")
    wait(browser, ids)
    check("search-hits")
    browser.find_element(By.CSS_SELECTOR, ".card .open").click()
    check("search-picture")
    browser.find_element(By.ID, "view-close").click()
    type_text(browser, "qwertz")
    wait(browser, lambda page: "No good match" in note(page))
    check("search-no-match")
    assert problems == []


def test_the_database_goes_and_comes_back(
    browser: webdriver.Chrome, search_page: str, collection: Collection, cluster: Cluster
) -> None:
    names = list(collection.settings.require("standbys"))
    open_page(browser, search_page)
    for name in names:
        cluster.kill(name)
    try:
        type_text(browser, "a blue bird")
        wait(browser, lambda page: "No standby can answer just now" in note(page))
        assert browser.find_element(By.ID, "retry").is_displayed()
        screenshot(browser, "search-no-standby")
    finally:
        cluster.start(names)
    wait(browser, ids)
    assert note(browser) == ""
    assert errors_on_console(browser, allowed=("503",)) == []
