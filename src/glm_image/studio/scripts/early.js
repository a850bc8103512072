// Runs before anything is painted, so that the page never flashes in the wrong colours.
(function early() {
  try {
    const theme = JSON.parse(localStorage.getItem('glm.theme') ?? '"system"');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Nothing is kept: the system's colours are right.
  }
})();
