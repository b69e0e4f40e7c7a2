// Before anything else: dark or light as it was chosen in this browser, and a word when the rest does not arrive.
{
  const chosen = localStorage.getItem('holdfast-theme')
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen
}

// A server that stops while it sends the page would otherwise leave one that says "Connecting" for ever.
addEventListener(
  'error',
  ({ target }) => {
    if (!(target instanceof HTMLScriptElement || target instanceof HTMLLinkElement)) return
    const band = document.querySelector('#trouble')
    const [words, button] = band?.children ?? []
    if (!(band instanceof HTMLElement) || !words || !button) return
    words.textContent = 'The page has not arrived whole.'
    button.textContent = 'Load it again'
    button.addEventListener('click', () => location.reload())
    band.hidden = false
  },
  true,
)
