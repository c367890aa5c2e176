// Sets the theme that somebody chose before anything is drawn; without a choice the system decides.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  if (localStorage.getItem("nav") === "min") document.documentElement.dataset.nav = "min";
} catch {
  // A browser that keeps nothing still shows pages.
}
