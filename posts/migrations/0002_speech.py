"""The default digest: speech and audio, on the anchor of the site that this one replaces."""

import datetime as dt

from django.db import migrations


def create(apps, schema_editor):
    apps.get_model("posts", "Digest").objects.get_or_create(
        slug="speech",
        defaults={
            "title": "语音与音频",
            "description": "arXiv 每日公布的语音、音频与音乐处理论文，中文译文与解读",
            "categories": ["cs.SD", "eess.AS"],
            "anchor": dt.time(8, 50),
            "zone": "Asia/Shanghai",
        },
    )


class Migration(migrations.Migration):
    dependencies = [("posts", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
