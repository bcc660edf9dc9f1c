"""The machine's own tables: its work, what it paid for, and what holds it back."""

from django.db import models


class Fault(models.TextChoices):
    """Why a piece of machine work did not come off, as people read it. What is not here is shown as it is."""

    BUSY = "busy", "服务器繁忙"
    TIMEOUT = "timeout", "超时"
    UNREACHABLE = "unreachable", "连不上"
    EMPTY = "empty", "空回复"
    BAD_REPLY = "bad_reply", "回复不能用"
    REFUSED = "refused", "模型拒绝"
    TOO_LONG = "too_long", "太长"
    BAD_KEY = "bad_key", "密钥无效"
    NO_BALANCE = "no_balance", "余额不足"
    UNKNOWN_MODEL = "unknown_model", "没有这个模型"
    LOST = "lost", "没有回音"
    KILLER = "killer", "一再中断进程"
    MISSING = "missing", "还没有文件"
    THROTTLED = "throttled", "被限流"
    STALE = "stale", "还是旧的"
    TRUNCATED = "truncated", "不完整"
    BROKEN = "broken", "不能读"
    FORBIDDEN = "forbidden", "被拒绝"
    TOO_LARGE = "too_large", "太大"
    UNKNOWN_CATEGORY = "unknown_category", "未知分类"
    DATABASE = "database", "数据库不在"
    REJECTED = "rejected", "论文已被拒绝"
    MANUAL = "manual", "由人翻译"
    WITHDRAWN = "withdrawn", "已撤稿"
    HALTED = "halted", "模型暂停"
    SOURCE_CHANGED = "source_changed", "原文有变"
    BUDGET = "budget", "到了每日上限"
    NOT_TAKEN = "not_taken", "对方没有收下"
    TURNED_DOWN = "turned_down", "对方拒收"
    NO_SUCH_ADDRESS = "no_such_address", "没有这个邮箱"
    BUG = "bug", "程序出错"

    @classmethod
    def name_of(cls, fault: str) -> str:
        return cls(fault).label if fault in cls.values else fault


class Job(models.Model):
    """One piece of machine work: the truth that the queue only points at.

    queued -> running(lease) -> done | waiting(next_try_at) | dead(reason). The verbs are in
    papers/jobs.py; an attempt is counted when the job is claimed, before the work.
    """

    class Kind(models.TextChoices):
        LIST = "list", "列表"
        METADATA = "metadata", "元数据"
        TRANSLATE = "translate", "翻译"
        FULLTEXT = "fulltext", "全文"
        ANALYSE = "analyse", "解读"
        ASSEMBLE = "assemble", "编排"
        NOTIFY = "notify", "通知"

    class State(models.TextChoices):
        QUEUED = "queued", "排队"
        RUNNING = "running", "进行中"
        WAITING = "waiting", "等待重试"
        DONE = "done", "完成"
        DEAD = "dead", "放弃"

    kind = models.CharField("工作", max_length=12, choices=Kind)
    # A `list` job names its categories: all of arXiv are 1,700 characters.
    subject = models.CharField("对象", max_length=2500)
    state = models.CharField("状态", max_length=8, choices=State, default=State.QUEUED)
    priority = models.SmallIntegerField("优先级", default=0, help_text="大者在前")
    attempts = models.PositiveSmallIntegerField("尝试", default=0)
    strikes = models.PositiveSmallIntegerField("失败", default=0, help_text="自身的失败；别处的故障不计")
    round = models.PositiveSmallIntegerField("轮次", default=0, help_text="每次有意重做加一")
    lease = models.CharField("租约", max_length=64, blank=True)
    worker = models.CharField("处理者", max_length=64, blank=True, help_text="最近一次：主机:进程")
    lease_until = models.DateTimeField("租约到期", null=True, blank=True)
    next_try_at = models.DateTimeField("下次尝试", null=True, blank=True)
    error_class = models.CharField("错误类别", max_length=32, blank=True, choices=Fault)
    reason = models.CharField("原因", max_length=500, blank=True)
    created_at = models.DateTimeField("建立", auto_now_add=True)
    changed_at = models.DateTimeField("变更", auto_now=True)

    class Meta:
        ordering = ["-changed_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "subject"], name="one_job_a_subject")]
        indexes = [
            models.Index(fields=["state", "kind", "-priority", "id"]),
            models.Index(fields=["subject"]),
        ]
        verbose_name = verbose_name_plural = "作业"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"


class LLMCall(models.Model):
    """One paid call: written before it (the key reserves it), closed after it with the raw reply."""

    class State(models.TextChoices):
        OPEN = "open", "进行中"
        DONE = "done", "完成"
        UNUSABLE = "unusable", "无法使用"
        FAILED = "failed", "失败"

    class Purpose(models.TextChoices):
        TRANSLATE = "translate", "翻译"
        ANALYSE = "analyse", "解读"

    key = models.CharField("幂等键", max_length=80, unique=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="calls", verbose_name="作业")
    paper = models.ForeignKey(
        "papers.Paper", models.SET_NULL, null=True, related_name="calls", verbose_name="论文"
    )
    purpose = models.CharField("用途", max_length=12, choices=Purpose)
    model = models.CharField("模型", max_length=120)
    prompt_version = models.CharField("提示版本", max_length=32)
    state = models.CharField("状态", max_length=8, choices=State, default=State.OPEN)
    error_class = models.CharField("错误类别", max_length=32, blank=True, choices=Fault)
    reply = models.TextField("原始回复", blank=True)
    prompt_tokens = models.PositiveIntegerField("输入词元", null=True)
    cached_tokens = models.PositiveIntegerField("缓存词元", null=True)
    completion_tokens = models.PositiveIntegerField("输出词元", null=True)
    estimated = models.BooleanField("词元为估计", default=False, help_text="服务器没有报告用量")
    reserved = models.DecimalField("预留", max_digits=12, decimal_places=6, null=True)
    price = models.DecimalField("价格", max_digits=12, decimal_places=6, null=True)
    seconds = models.FloatField("秒", null=True)
    opened_at = models.DateTimeField("开始")
    closed_at = models.DateTimeField("结束", null=True)

    class Meta:
        ordering = ["-opened_at"]
        indexes = [models.Index(fields=["opened_at"])]
        verbose_name = verbose_name_plural = "模型调用"

    def __str__(self) -> str:
        return f"{self.purpose} {self.key[:12]}"


class Slot(models.Model):
    """A place in a line shared by all processes and machines: arXiv's one request in three seconds."""

    name = models.CharField(max_length=32, primary_key=True)
    next_at = models.DateTimeField(null=True)
    holder = models.CharField(max_length=64, blank=True)
    held_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "节流"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def lock(cls, name: str) -> None:
        """Let one transaction at a time through here, over all processes and machines."""
        cls.objects.get_or_create(name=name)
        cls.objects.select_for_update().get(name=name)


class Halt(models.Model):
    """All model work stands still, with one visible alarm, until a person resumes it."""

    error_class = models.CharField("类别", max_length=32)
    message = models.CharField("说明", max_length=500)
    since = models.DateTimeField("始于")
    cleared_at = models.DateTimeField("解除", null=True)

    class Meta:
        ordering = ["-since"]
        verbose_name = verbose_name_plural = "暂停"

    def __str__(self) -> str:
        return f"{self.error_class} {self.since:%F %T}"


class Beat(models.Model):
    """When something last worked: the worker's heartbeat, the last backup, the last pinged day."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "心跳"

    def __str__(self) -> str:
        return f"{self.name} {self.at:%F %T}"
