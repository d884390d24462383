;;; signalbox.el --- Spawn signalbox and talk to it  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1") (jsonrpc "1.0.15"))
;; Keywords: tools, processes
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A process that owns your OpenAI credentials and routing.  `signalbox-start'
;; spawns it; `signalbox-create' streams a response; `signalbox-status' tells who
;; you are.  All of it stands on jsonrpc.el: `jsonrpc-request' and its relatives
;; work on the connection, too.  See README.md.

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)

(defgroup signalbox nil
  "OpenAI credentials and routing in a process of their own."
  :group 'tools)

(defcustom signalbox-command '("signalbox" "serve")
  "The program and its arguments."
  :type '(repeat string))

(defclass signalbox-connection (jsonrpc-process-connection)
  ((streams :initform (make-hash-table :test #'equal) :accessor signalbox--streams
            :documentation "Functions of the events of live streams, by id.")
   (server :initform nil :accessor signalbox-server
           :documentation "What the process said to initialize.")
   (on-notification :initarg :on-notification :initform #'ignore
                    :accessor signalbox--on-notification))
  :documentation "A running signalbox.")

(defvar signalbox--last-stream 0)

(defun signalbox--dispatch (box method params)
  "Hand the notification METHOD of BOX with PARAMS to whom it concerns."
  (when-let ((on-event (and (eq method 'responses/event)
                            (gethash (plist-get params :streamId) (signalbox--streams box)))))
    (funcall on-event (plist-get params :event)))
  (funcall (signalbox--on-notification box) method params))

(cl-defun signalbox-start (&key (command signalbox-command) (on-notification #'ignore))
  "Spawn COMMAND, initialize it and return the connection.
ON-NOTIFICATION is called with the name, a symbol, and the plist of
each notification."
  (let ((box (make-instance
              'signalbox-connection
              :name "signalbox"
              :notification-dispatcher #'signalbox--dispatch
              :on-notification on-notification
              :process (lambda ()
                         (make-process :name "signalbox" :command command :noquery t
                                       :connection-type 'pipe :coding 'utf-8-emacs-unix
                                       :stderr (get-buffer-create "*signalbox stderr*"))))))
    (setf (signalbox-server box)
          (jsonrpc-request box 'initialize
                           (list :processId (emacs-pid)
                                 :clientInfo (list :name "Emacs" :version emacs-version))))
    (jsonrpc-notify box 'initialized nil)
    box))

(defun signalbox-status (box)
  "Return who the user of BOX is and which routes can be used."
  (jsonrpc-request box 'auth/status nil))

(cl-defun signalbox-create (box body &key on-event on-done)
  "Stream the response to BODY, a plist of the Responses API, and return its id.
ON-EVENT is called with the plist of each event of the upstream.  At
the end ON-DONE is called with an error or nil, and with the result."
  (let* ((meta (plist-get body :_meta))
         (id (or (plist-get meta :streamId)
                 (format "emacs-%d" (cl-incf signalbox--last-stream))))
         (done (lambda (failure result)
                 (remhash id (signalbox--streams box))
                 (when on-done (funcall on-done failure result)))))
    (puthash id (or on-event #'ignore) (signalbox--streams box))
    (jsonrpc-async-request
     box 'responses/create
     (append (list :_meta (append (list :streamId id) meta) :stream t) body)
     :timeout nil                       ; a model may think for long
     :success-fn (lambda (result) (funcall done nil result))
     :error-fn (lambda (failure) (funcall done failure nil)))
    id))

(defun signalbox-cancel (box id)
  "End the stream ID of BOX; its result then has the status \"cancelled\"."
  (jsonrpc-async-request box 'responses/cancel (list :streamId id) :success-fn #'ignore))

(cl-defun signalbox-login (box method &key on-done)
  "Log in with METHOD, \"browser\", \"device\" or \"apiKey\".
The notification auth/loginPrompt tells what to show.  At the end
ON-DONE is called with an error or nil, and with the result."
  (jsonrpc-async-request
   box 'auth/login (list :method method)
   :timeout nil
   :success-fn (lambda (result) (when on-done (funcall on-done nil result)))
   :error-fn (lambda (failure) (when on-done (funcall on-done failure nil)))))

(defun signalbox-close (box)
  "Shut BOX down and return its exit code."
  (let ((process (jsonrpc--process box)))
    (when (jsonrpc-running-p box)
      (jsonrpc-request box 'shutdown nil)
      (jsonrpc-notify box 'exit nil)
      (with-timeout (5 (kill-process process))
        (while (process-live-p process) (accept-process-output process 0.05))))
    (process-exit-status process)))

(provide 'signalbox)
;;; signalbox.el ends here
