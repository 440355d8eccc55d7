import './style.css';
import './rows';
import './dialogs';
import './app';
