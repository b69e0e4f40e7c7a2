// The child's side of child.ts.

/** Answers every question of the process that forked this one, and ends with it. A throw ends this process. */
export function answerParent<Question>(answer: (question: Question) => Promise<unknown>): void {
  process.once('disconnect', () => process.exit())
  process.on('message', async (question) => {
    process.send?.(await answer(question as Question))
  })
}
