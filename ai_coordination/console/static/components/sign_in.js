import { useEffect, useState } from 'preact/hooks';
import { identityNow, signIn, watchIdentity } from '../auth.js';
import { html } from '../html.js';

/** Who is signed in, also after it changes. */
export function useIdentity() {
  const [identity, setIdentity] = useState(identityNow());
  useEffect(() => {
    const stop = watchIdentity(() => setIdentity(identityNow()));
    setIdentity(identityNow());
    return () => void stop();
  }, []);
  return identity;
}

/** Why nobody is signed in, and how to change that. What is on the screen stays. */
export function SignInBar() {
  const { state, message } = useIdentity();
  if (state !== 'out') return null;
  return html`<div class="sign-in" role="alert">
    <span>${message}</span>
    <button class="main" onClick=${signIn}>Sign in</button>
  </div>`;
}
