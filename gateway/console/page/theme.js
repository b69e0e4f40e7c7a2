// Dark or light, before anything is drawn: what was chosen in this browser, else what the system says.
{
  const chosen = localStorage.getItem('holdfast-theme')
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen
}
