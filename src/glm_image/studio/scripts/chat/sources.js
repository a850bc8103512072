/** Pictures by their id, whoever made them: the model or a person who sent them. */
import { api } from '../core/api.js';
import { store } from '../core/store.js';

const uploads = new Map();

/**
 * A picture that was drawn, or an upload.
 *
 * @param {string} id
 * @returns {Promise<{id: string, url: string, width: number, height: number, prompt?: string,
 *   filename?: string}>} Fails with an ApiError of status 404 if it is gone.
 */
export async function sourceOf(id) {
  if (!id.startsWith('file_')) return store.pictures.get(id) ?? store.fetchPicture(id);
  if (!uploads.has(id)) uploads.set(id, api.get(`/api/uploads/${encodeURIComponent(id)}`));
  try {
    return await uploads.get(id);
  } catch (error) {
    uploads.delete(id);
    throw error;
  }
}
