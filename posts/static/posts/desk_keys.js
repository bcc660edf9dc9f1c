/* The review desk, last part: shortcuts. Single letters never fire inside a text field; all can be switched off. */
(function () {
  "use strict";

  const Desk = window.Desk;
  if (!Desk) return;
  const { form, field } = Desk;
  const help = document.getElementById("help");
  const choice = document.getElementById("keys-on");
  const SWITCH = "desk-keys";
  let on = true;
  try { on = localStorage.getItem(SWITCH) !== "off"; } catch (error) { /* stays on */ }
  choice.checked = on;
  choice.addEventListener("change", () => {
    on = choice.checked;
    try { localStorage.setItem(SWITCH, on ? "on" : "off"); } catch (error) { /* for this page only */ }
  });

  const press = (id) => {
    const button = document.getElementById(id);
    if (button) form.requestSubmit(button);
    return Boolean(button);
  };
  /* Nothing is done to a finding that nobody looked at: the first press chooses one. */
  const withCurrent = (act) => () => {
    const item = Desk.current();
    if (item) act(item);
    else Desk.step(1);
  };
  const turnTo = (part) => () => {
    Desk.show(part);
    document.getElementById("tab-" + part).scrollIntoView({ block: "nearest" });
  };
  const letters = {
    j: () => Desk.step(1),
    k: () => Desk.step(-1),
    g: withCurrent(Desk.go),
    f: withCurrent(Desk.fix),
    x: withCurrent(Desk.dismiss),
    u: () => Desk.undo(),
    t: () => Desk.term(),
    s: () => press("skip"),
    1: turnTo("title"),
    2: turnTo("abstract"),
    3: turnTo("reading"),
    "?": () => help.showModal(),
  };

  function toggleField() {
    const area = field(Desk.part);
    if (document.activeElement === area) area.blur();
    else area.focus();
    return true;
  }
  const withControl = { Enter: () => press("approve"), s: () => press("save"), e: toggleField };

  const isField = (node) => node.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName);

  document.addEventListener("keydown", (event) => {
    if (!on || event.isComposing || event.altKey || help.open) return;
    if (event.ctrlKey || event.metaKey) {
      const act = withControl[event.key];
      if (act && act()) event.preventDefault();
      return;
    }
    const act = letters[event.key];
    if (!act || isField(event.target)) return;
    event.preventDefault();
    act();
  });

  const button = document.getElementById("help-button");
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
})();
