"""Categories and papers under every name that arXiv ever gave them, in our addresses."""

import pytest
from django.test import Client

from papers import taxonomy
from tests.base import make_public_paper

pytestmark = pytest.mark.django_db

OLD = "hep-th/9901001"
TWINS = ["cs.SY", "cs.NA", "math.IT", "math.MP", "q-fin.EC", "stat.TH"]


def page(client: Client, address: str) -> str:
    return client.get(address, follow=True).content.decode()


@pytest.mark.parametrize("name", [*TWINS, "alg-geom", "cmp-lg"])
def test_a_category_is_found_under_its_other_name(client: Client, name: str) -> None:
    code = taxonomy.canonical(name)
    make_public_paper("2601.10004", categories=[code])
    assert client.get(f"/categories/{name}/", follow=True).redirect_chain[-1][0] == f"/categories/{code}/"
    assert "2601.10004" in page(client, f"/categories/{name}/")
    assert "2601.10004" in page(client, f"/feeds/category/{name}/atom.xml")


@pytest.mark.parametrize("end", ["/", ".md", ".json", ".bib"])
def test_a_paper_of_the_nineties_has_its_address_with_the_slash(client: Client, end: str) -> None:
    make_public_paper(OLD, categories=["hep-th"])
    assert client.get(f"/papers/{OLD}{end}").status_code == 200
    assert OLD in page(client, f"/papers/{OLD}{end}")


def test_an_old_id_with_its_subject_class_leads_to_the_one_page(client: Client) -> None:
    make_public_paper("math/0309136", categories=["math.GT"])
    for name in ("math.GT/0309136", "math.GT/0309136v1", "math/0309136v2"):
        assert client.get(f"/papers/{name}/", follow=True).redirect_chain[-1][0] == "/papers/math/0309136/"


def test_an_old_id_is_found_by_search_and_reported_at_its_address(client: Client) -> None:
    make_public_paper(OLD, categories=["hep-th"])
    assert OLD in page(client, f"/search/?q={OLD}")
    assert client.get(f"/papers/{OLD}/report/").status_code == 200
    assert f"/papers/{OLD}/" in page(client, "/feeds/all/atom.xml")
