// Before the first paint: the reader's choice of light or dark, if there is one.
(function () {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) { /* storage may be forbidden; the page follows the system */ }
})();
